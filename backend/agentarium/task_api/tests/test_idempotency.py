"""`Idempotency-Key`: a repeated request creates no second task."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.agents.tests.factories import AgentFactory
from agentarium.tasks.models import AgentTask, Submission
from agentarium.tasks.services import cancel_task, submit

RUN = "/api/tasks/run/"


def run(api: APIClient, agent: Agent, *, key: str = "order-17", **fields: Any) -> Any:
    body = {"agent": agent.pk, "input_text": "Make tea.", **fields}
    return api.post(RUN, body, headers={"Idempotency-Key": key})


def test_returns_the_task_as_it_was_submitted(
    api: APIClient, agent: Agent, alice: User
) -> None:
    first = run(api, agent, priority=3)
    cancel_task(AgentTask.objects.get(), by=alice)

    repeated = run(api, agent, priority=3)

    assert repeated.status_code == first.status_code == 201
    assert repeated.json() == first.json()
    assert repeated.headers["Location"] == first.headers["Location"]
    assert api.get(repeated.headers["Location"]).data["status"] == "cancelled"
    assert AgentTask.objects.count() == 1


@pytest.mark.parametrize("other", [{"input_text": "Make coffee."}, {"priority": 1}])
def test_refuses_another_body(
    api: APIClient, agent: Agent, other: dict[str, Any]
) -> None:
    run(api, agent)

    response = run(api, agent, **other)

    assert response.status_code == 409
    assert response.data["code"] == "idempotency_conflict"
    assert AgentTask.objects.count() == 1


def test_keys_of_different_users_are_independent(
    api: APIClient, stranger_api: APIClient, agent: Agent, stranger: User
) -> None:
    first = run(api, agent)

    other = run(stranger_api, AgentFactory.create(owner=stranger))

    assert other.status_code == 201
    assert other.data["id"] != first.data["id"]


def test_keys_expire_after_a_day(api: APIClient, agent: Agent) -> None:
    first = run(api, agent)
    a_day_ago = timezone.now() - submit.KEY_LIFETIME
    Submission.objects.update(created_at=a_day_ago + timedelta(minutes=1))
    remembered = run(api, agent)
    Submission.objects.update(created_at=a_day_ago - timedelta(minutes=1))

    expired = run(api, agent)

    assert remembered.data["id"] == first.data["id"]
    assert expired.data["id"] != first.data["id"]


def test_an_empty_key_is_ignored(api: APIClient, agent: Agent) -> None:
    tasks = {run(api, agent, key="").data["id"] for _ in range(2)}

    assert len(tasks) == 2


@pytest.mark.parametrize("key", ["x" * 256, "a\tb"])
def test_refuses_an_invalid_key(api: APIClient, agent: Agent, key: str) -> None:
    response = run(api, agent, key=key)

    assert response.status_code == 400
    assert response.data["errors"].keys() == {"Idempotency-Key"}
    assert not AgentTask.objects.exists()


def test_concurrent_requests_return_the_first_task(
    api: APIClient, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second request looks for a task before the first one stores it."""
    first = run(api, agent)
    find_submitted, lookups = submit._find_submitted, []

    def miss_once(new: Any) -> AgentTask | None:
        lookups.append(new)
        return find_submitted(new) if len(lookups) > 1 else None

    monkeypatch.setattr(submit, "_find_submitted", miss_once)
    second = run(api, agent)

    assert second.json() == first.json()
    assert AgentTask.objects.count() == 1
