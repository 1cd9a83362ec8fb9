"""`Idempotency-Key`: a request that is repeated does nothing twice."""

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


def run(api: APIClient, agent: Agent, *, key: str = "order-17", **wishes: Any) -> Any:
    body = {"agent": agent.pk, "input_text": "Make tea.", **wishes}
    return api.post(RUN, body, headers={"Idempotency-Key": key})


def test_gives_the_same_task_and_answer_whatever_has_become_of_it(
    api: APIClient, agent: Agent, alice: User
) -> None:
    first = run(api, agent, priority=3)
    cancel_task(AgentTask.objects.get(), by=alice)

    again = run(api, agent, priority=3)

    assert again.status_code == first.status_code == 201
    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]
    assert api.get(again.headers["Location"]).data["status"] == "cancelled"
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


def test_is_each_persons_own(
    api: APIClient, stranger_api: APIClient, agent: Agent, stranger: User
) -> None:
    first = run(api, agent)

    other = run(stranger_api, AgentFactory.create(owner=stranger))

    assert other.status_code == 201
    assert other.data["id"] != first.data["id"]


def test_is_forgotten_after_a_day(api: APIClient, agent: Agent) -> None:
    first = run(api, agent)
    a_day_ago = timezone.now() - submit.REMEMBER
    Submission.objects.update(created_at=a_day_ago + timedelta(minutes=1))
    remembered = run(api, agent)
    Submission.objects.update(created_at=a_day_ago - timedelta(minutes=1))

    forgotten = run(api, agent)

    assert remembered.data["id"] == first.data["id"]
    assert forgotten.data["id"] != first.data["id"]


def test_is_none_where_it_is_empty(api: APIClient, agent: Agent) -> None:
    tasks = {run(api, agent, key="").data["id"] for _ in range(2)}

    assert len(tasks) == 2


@pytest.mark.parametrize("key", ["x" * 256, "a\tb"])
def test_refuses_a_key_that_is_none(api: APIClient, agent: Agent, key: str) -> None:
    response = run(api, agent, key=key)

    assert response.status_code == 400
    assert response.data["errors"].keys() == {"Idempotency-Key"}
    assert not AgentTask.objects.exists()


def test_gives_the_one_that_came_first_of_two_at_the_same_time(
    api: APIClient, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one looks before the first is stored, and is stored after it."""
    first = run(api, agent)
    earlier, looks = submit._earlier, []

    def look(order: Any) -> AgentTask | None:
        looks.append(order)
        return earlier(order) if len(looks) > 1 else None

    monkeypatch.setattr(submit, "_earlier", look)
    second = run(api, agent)

    assert second.json() == first.json()
    assert AgentTask.objects.count() == 1
