"""The API of agents with their tasks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.agents.tests.factories import AgentFactory
from agentarium.core.exceptions import NotFoundError
from agentarium.tasks.models import AgentTask, Event
from agentarium.tasks.services import submit_task
from agentarium.tasks.tests.factories import TaskFactory

AGENTS = "/api/agents/"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def recent_ids(row: dict[str, Any]) -> list[int]:
    return [task["id"] for task in row["recent_tasks"]]


class TestList:
    def test_shows_counts_and_newest_tasks_in_two_queries(
        self,
        api: APIClient,
        alice: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        agents = AgentFactory.create_batch(3, owner=alice)
        tasks = [
            submit_task(agent=agent, input_text="Hello", owner=alice)
            for agent in agents[1:]
            for _ in range(7)
        ]

        # 1. the agents, 2. the newest tasks of all of them
        with django_assert_num_queries(2):
            response = api.get(AGENTS)

        newest, middle, oldest = response.data["results"]
        assert [row["tasks_count"] for row in (newest, middle, oldest)] == [7, 7, 0]
        assert recent_ids(newest) == [task.pk for task in reversed(tasks[9:])]
        assert recent_ids(middle) == [task.pk for task in reversed(tasks[2:7])]
        assert recent_ids(oldest) == []

    def test_takes_a_fixed_number_of_queries_for_a_full_page(
        self,
        api: APIClient,
        alice: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        agents = AgentFactory.create_batch(101, owner=alice)
        for agent in agents:
            TaskFactory.create(agent=agent)

        # 1. the agents, 2. the count, 3. the newest tasks of all of them
        with django_assert_num_queries(3):
            response = api.get(AGENTS, {"limit": 100})

        assert len(response.data["results"]) == 100
        assert {len(row["recent_tasks"]) for row in response.data["results"]} == {1}

    def test_reads_no_tasks_without_agents(
        self, api: APIClient, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        # 1. the agents
        with django_assert_num_queries(1):
            response = api.get(AGENTS)

        assert response.data["results"] == []

    def test_orders_recent_tasks_by_time_and_then_by_id(
        self, api: APIClient, alice: User
    ) -> None:
        agent = AgentFactory.create(owner=alice)
        late = TaskFactory.create(agent=agent, created_at=NOON + timedelta(hours=1))
        early = TaskFactory.create(agent=agent, created_at=NOON)
        twin = TaskFactory.create(agent=agent, created_at=NOON)

        (row,) = api.get(AGENTS).data["results"]

        assert recent_ids(row) == [late.pk, twin.pk, early.pk]

    @pytest.mark.parametrize(
        ("text", "beginning", "is_truncated"),
        [
            ("é" * 200, "é" * 200, False),
            ("é" * 201, "é" * 200, True),
            ("a%sb", "a%sb", False),
        ],
        ids=["whole", "cut", "percent"],
    )
    def test_shows_the_beginning_of_a_recent_tasks_input(
        self,
        api: APIClient,
        alice: User,
        text: str,
        beginning: str,
        *,
        is_truncated: bool,
    ) -> None:
        TaskFactory.create(
            agent__owner=alice, input_text=text, completed=True, finished_at=NOON
        )

        (row,) = api.get(AGENTS).data["results"]

        (recent,) = row["recent_tasks"]
        assert recent["input_text"] == beginning
        assert recent["input_is_truncated"] is is_truncated
        assert recent["status"] == "completed"
        assert recent["finished_at"] == "2026-01-31T12:00:00Z"

    def test_reads_no_output(self, api: APIClient, alice: User) -> None:
        TaskFactory.create(agent__owner=alice, completed=True)

        with CaptureQueriesContext(connection) as queries:
            api.get(AGENTS)

        assert "output_text" not in queries[-1]["sql"]

    def test_does_not_show_tasks_of_other_users(
        self, api: APIClient, alice: User, stranger: User
    ) -> None:
        agent = AgentFactory.create(owner=alice)
        TaskFactory.create(agent=agent, owner=stranger)

        (row,) = api.get(AGENTS).data["results"]

        assert row["recent_tasks"] == []


class TestOne:
    def test_shows_its_newest_tasks_in_two_queries(
        self,
        api: APIClient,
        agent: Agent,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        tasks = [
            AgentTask.objects.create(agent=agent, input_text=str(n)) for n in range(6)
        ]

        # 1. the agent, 2. its newest tasks
        with django_assert_num_queries(2):
            response = api.get(f"{AGENTS}{agent.pk}/")

        assert recent_ids(response.data) == [task.pk for task in reversed(tasks[1:])]
        assert response.data["tasks_count"] == 6

    def test_a_new_agent_has_no_tasks(self, api: APIClient) -> None:
        response = api.post(AGENTS, {"name": "a"})

        assert response.status_code == 201
        assert (response.data["tasks_count"], response.data["recent_tasks"]) == (0, [])

    @pytest.mark.parametrize(
        ("fields", "temperature"),
        [({}, 0.7), ({"temperature": None}, None), ({"temperature": 0}, 0)],
    )
    def test_has_the_default_temperature_unless_it_is_null(
        self, api: APIClient, fields: dict[str, Any], temperature: float | None
    ) -> None:
        response = api.post(AGENTS, {"name": "a"} | fields, format="json")

        assert response.data["temperature"] == temperature
        agent = Agent.objects.get(pk=response.data["id"])
        assert agent.temperature == temperature
        assert agent.versions.get().temperature == temperature

    def test_accepts_a_long_description(self, api: APIClient) -> None:
        text = "What it does.\n" * 700

        response = api.post(AGENTS, {"name": "a", "description": text})

        assert response.data["description"] == text.strip()


class TestDelete:
    def test_hides_the_agent_and_keeps_its_history(
        self, api: APIClient, alice: User
    ) -> None:
        task = TaskFactory.create(agent__owner=alice, completed=True)

        response = api.delete(f"{AGENTS}{task.agent_id}/")

        assert response.status_code == 204
        assert api.get(AGENTS).data["results"] == []
        assert Agent.objects.get().deleted_at is not None
        data = api.get(f"/api/tasks/{task.pk}/").data
        assert (data["agent"], data["agent_name"]) == (task.agent_id, task.agent.name)
        assert data["output_text"] == "Four."

    def test_cancels_pending_tasks_with_an_error_code(
        self, api: APIClient, alice: User
    ) -> None:
        agent = AgentFactory.create(owner=alice)
        pending = [
            submit_task(agent=agent, input_text="Hello", owner=alice) for _ in range(3)
        ]
        running = TaskFactory.create(agent=agent, running=True)

        api.delete(f"{AGENTS}{agent.pk}/")

        cancelled = AgentTask.objects.filter(pk__in=[task.pk for task in pending])
        assert set(cancelled.values_list("status", "error_code")) == {
            ("cancelled", "agent_deleted")
        }
        assert cancelled.filter(finished_at=None).count() == 0
        events = Event.objects.filter(task=pending[0]).values_list("seq", "type")
        assert list(events) == [(1, "task.created"), (2, "task.cancelled")]
        running.refresh_from_db()
        assert running.status == "running"

    def test_does_not_cancel_tasks_of_other_agents(
        self, api: APIClient, alice: User
    ) -> None:
        agent, other = AgentFactory.create_batch(2, owner=alice)
        task = submit_task(agent=other, input_text="Hello", owner=alice)

        api.delete(f"{AGENTS}{agent.pk}/")

        task.refresh_from_db()
        assert task.status == "pending"

    def test_can_be_undone_with_the_agents_tasks(
        self, api: APIClient, alice: User
    ) -> None:
        task = TaskFactory.create(agent__owner=alice, completed=True)
        api.delete(f"{AGENTS}{task.agent_id}/")

        api.post(f"{AGENTS}{task.agent_id}/restore/")

        (row,) = api.get(AGENTS).data["results"]
        assert recent_ids(row) == [task.pk]

    def test_refuses_a_submit_that_read_the_agent_before(self, alice: User) -> None:
        stale = AgentFactory.create(owner=alice)
        Agent.objects.filter(pk=stale.pk).update(deleted_at=NOON)

        with pytest.raises(NotFoundError):
            submit_task(agent=stale, input_text="Hello", owner=alice)

        assert not AgentTask.objects.exists()
