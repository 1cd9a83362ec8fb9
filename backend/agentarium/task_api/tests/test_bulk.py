"""Cancelling and retrying many tasks at once."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.agents.tests.factories import AgentFactory
from agentarium.tasks.models import AgentTask
from agentarium.tasks.tests.factories import TaskFactory

CANCEL = "/api/tasks/cancel/"
RETRY = "/api/tasks/retry/"


def status_of(task: AgentTask) -> str:
    return AgentTask.objects.get(pk=task.pk).status


@pytest.fixture
def told(alice: User) -> AgentTask:
    agent = AgentFactory.create(owner=alice)
    return TaskFactory.create(agent=agent, input_text="Tell of the sea.")


class TestCancel:
    def test_ends_those_that_are_named_and_live(
        self, api: APIClient, told: AgentTask
    ) -> None:
        ended = TaskFactory.create(agent=told.agent, completed=True)
        foreign = TaskFactory.create()
        other = TaskFactory.create(agent=told.agent)

        response = api.post(CANCEL, {"ids": [told.pk, ended.pk, foreign.pk]})

        assert response.data == {"count": 1}
        assert status_of(told) == "cancelled"
        assert [status_of(task) for task in (ended, foreign, other)] == [
            "completed",
            "pending",
            "pending",
        ]

    @pytest.mark.parametrize("body", [{}, {"status": ["pending"]}])
    def test_ends_what_the_list_finds_by_its_words(
        self, api: APIClient, told: AgentTask, body: dict[str, Any]
    ) -> None:
        other = TaskFactory.create(agent=told.agent, input_text="Tell of the land.")
        TaskFactory.create(input_text="Tell of the sea.")

        response = api.post(f"{CANCEL}?search=SEA tell", body)

        assert response.data == {"count": 1}
        assert status_of(told) == "cancelled"
        assert status_of(other) == "pending"

    @pytest.mark.parametrize("address", [CANCEL, f"{CANCEL}?search="])
    def test_wants_to_know_which(self, api: APIClient, address: str) -> None:
        response = api.post(address, {})

        assert response.status_code == 400
        assert response.data["errors"]["ids"][0]["code"] == "required"

    def test_refuses_what_the_list_does_not_know(self, api: APIClient) -> None:
        response = api.post(f"{CANCEL}?colour=red", {"ids": [1]})

        assert response.status_code == 400
        assert response.data["errors"].keys() == {"colour"}


class TestRetry:
    def test_queues_those_that_failed_among_what_is_found(
        self, api: APIClient, told: AgentTask
    ) -> None:
        failed = TaskFactory.create(agent=told.agent, failed=True)
        foreign = TaskFactory.create(failed=True)

        response = api.post(RETRY, {"status": ["failed", "pending"]})

        assert response.data == {"count": 1}
        assert status_of(failed) == "pending"
        assert status_of(foreign) == "failed"
