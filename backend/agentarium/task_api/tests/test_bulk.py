"""Cancelling and retrying many tasks in one request."""

from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.agents.tests.factories import AgentFactory
from agentarium.tasks.models import AgentTask, Event
from agentarium.tasks.tests.factories import TaskFactory

CANCEL = "/api/tasks/cancel/"
RETRY = "/api/tasks/retry/"


def status_of(task: AgentTask) -> str:
    return AgentTask.objects.get(pk=task.pk).status


@pytest.fixture
def task(alice: User) -> AgentTask:
    agent = AgentFactory.create(owner=alice)
    return TaskFactory.create(agent=agent, input_text="Describe the sea.")


class TestCancel:
    def test_ends_the_selected_tasks_that_have_not_ended(
        self, api: APIClient, task: AgentTask
    ) -> None:
        ended = TaskFactory.create(agent=task.agent, completed=True)
        foreign = TaskFactory.create()
        other = TaskFactory.create(agent=task.agent)

        response = api.post(CANCEL, {"ids": [task.pk, ended.pk, foreign.pk]})

        assert response.data == {"count": 1}
        assert status_of(task) == "cancelled"
        assert [status_of(rest) for rest in (ended, foreign, other)] == [
            "completed",
            "pending",
            "pending",
        ]

    @pytest.mark.parametrize("body", [{}, {"status": ["pending"]}])
    def test_ends_tasks_that_match_a_search(
        self, api: APIClient, task: AgentTask, body: dict[str, Any]
    ) -> None:
        other = TaskFactory.create(agent=task.agent, input_text="Describe the land.")
        TaskFactory.create(input_text="Describe the sea.")

        response = api.post(f"{CANCEL}?search=SEA describe", body)

        assert response.data == {"count": 1}
        assert status_of(task) == "cancelled"
        assert status_of(other) == "pending"

    @pytest.mark.parametrize("address", [CANCEL, f"{CANCEL}?search="])
    def test_requires_a_selection(self, api: APIClient, address: str) -> None:
        response = api.post(address, {})

        assert response.status_code == 400
        assert response.data["errors"]["ids"][0]["code"] == "required"

    @pytest.mark.parametrize("count", [1, 30])
    def test_takes_as_many_queries_for_many_tasks_as_for_one(
        self,
        api: APIClient,
        agent: Agent,
        django_assert_num_queries: DjangoAssertNumQueries,
        count: int,
    ) -> None:
        tasks = TaskFactory.create_batch(count, agent=agent)

        # 1. the ids, 2. begin, 3. locked tasks, 4. ends of their logs, 5. events of the
        # request, 6. the tasks' update, 7. undecided events, 8. and 9. waiting calls,
        # 10. ends of the logs, 11. last events, 12. children, 13. commit
        # PostgreSQL, which locks rows, also reads their descendants.
        reads = int(connection.features.has_select_for_update)
        with django_assert_num_queries(13 + reads):
            response = api.post(CANCEL, {"ids": [task.pk for task in tasks]})

        assert response.data == {"count": count}
        assert {
            (event.attempt, event.seq, event.type)
            for event in Event.objects.filter(task__in=tasks)
        } == {(0, 1, "cancel.requested"), (0, 2, "task.cancelled")}

    @pytest.mark.parametrize("agent", [2**63, 10**30, -(2**63) - 1, "9" * 40])
    def test_refuses_an_agent_id_out_of_range(self, api: APIClient, agent: Any) -> None:
        response = api.post(CANCEL, {"agent": agent})

        assert response.status_code == 400
        assert response.data["errors"].keys() == {"agent"}

    def test_refuses_a_long_list_without_validating_its_ids(
        self, api: APIClient
    ) -> None:
        response = api.post(CANCEL, {"ids": ["invalid"] * 1001})

        assert response.status_code == 400
        assert response.data["errors"].keys() == {"ids"}
        assert response.data["errors"]["ids"][0]["code"] == "max_length"

    def test_refuses_unknown_parameters(self, api: APIClient) -> None:
        response = api.post(f"{CANCEL}?colour=red", {"ids": [1]})

        assert response.status_code == 400
        assert response.data["errors"].keys() == {"colour"}


class TestRetry:
    def test_queues_the_selected_tasks_that_failed(
        self, api: APIClient, task: AgentTask
    ) -> None:
        failed = TaskFactory.create(agent=task.agent, failed=True)
        foreign = TaskFactory.create(failed=True)

        response = api.post(RETRY, {"status": ["failed", "pending"]})

        assert response.data == {"count": 1}
        assert status_of(failed) == "pending"
        assert status_of(foreign) == "failed"


def test_selects_by_how_answers_ended(api: APIClient, task: AgentTask) -> None:
    refused = TaskFactory.create(agent=task.agent, failed=True, finish_reason="refusal")
    other = TaskFactory.create(agent=task.agent, failed=True)

    response = api.post("/api/tasks/retry/", {"finish_reason": "refusal"})

    assert response.data == {"count": 1}
    assert [status_of(each) for each in (refused, other)] == ["pending", "failed"]
