"""The detail of a task: its fields, and its wait reason."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import BaseSerializer
from rest_framework.test import APIClient

from agentarium.agents.models import Agent
from agentarium.db.tests.plans import plans_of
from agentarium.operations import wait_reasons
from agentarium.task_api.serializers import (
    TaskDetailSerializer,
    TaskRowSerializer,
    TaskSerializer,
)
from agentarium.tasks.models import AgentTask, ToolCall, Worker
from agentarium.tasks.tests.factories import TaskFactory

TASKS = "/api/tasks/"


def url(task: AgentTask) -> str:
    return f"{TASKS}{task.pk}/"


def make_worker() -> Worker:
    return Worker.objects.create(
        name="here:1", capacity=1, lease_until=timezone.now() + timedelta(hours=1)
    )


def rendered(serializer: BaseSerializer[Any]) -> bytes:
    return bytes(JSONRenderer().render(serializer.data))


class TestColumns:
    """Responses are built without the serializers that describe them in the schema."""

    @pytest.fixture
    def task(self, agent: Agent) -> AgentTask:
        first = TaskFactory.create(agent=agent)
        return TaskFactory.create(
            agent=agent,
            completed=True,
            parent=first,
            follows=first,
            run_after=timezone.now(),
            input_text="“long” " * 100,
            cost_nanodollars=1_500_000,
            request_id="abc",
        )

    def test_a_row_of_a_list_matches_its_serializer(
        self, api: APIClient, task: AgentTask
    ) -> None:
        row = api.get(TASKS).json()["results"][0]

        task.refresh_from_db()
        assert JSONRenderer().render(row) == rendered(TaskRowSerializer(task))

    def test_a_task_matches_its_serializer(
        self, api: APIClient, task: AgentTask
    ) -> None:
        response = api.get(url(task))

        task.refresh_from_db()
        task.wait = None  # type: ignore[attr-defined]
        assert response.content == rendered(TaskDetailSerializer(task))

    def test_a_waiting_task_matches_its_serializer(
        self, api: APIClient, agent: Agent
    ) -> None:
        task = TaskFactory.create(agent=agent)

        data = api.get(url(task)).json()

        task.refresh_from_db()
        task.wait = data["wait"]  # type: ignore[attr-defined]
        assert data["wait"]["reason"] == "no_worker"
        assert JSONRenderer().render(data) == rendered(TaskDetailSerializer(task))

    def test_a_new_task_matches_its_serializer(
        self, api: APIClient, agent: Agent
    ) -> None:
        response = api.post(f"{TASKS}run/", {"agent": agent.pk, "input_text": "What?"})

        task = AgentTask.objects.get()
        assert response.content == rendered(TaskSerializer(task))


class TestFind:
    def test_reads_an_ended_task_in_one_query(
        self,
        api: APIClient,
        agent: Agent,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        task = TaskFactory.create(agent=agent, completed=True)

        # 1. the task with its agent and its version
        with django_assert_num_queries(1):
            response = api.get(url(task))

        assert response.json()["output_text"] == "Four."
        assert response.json()["wait"] is None

    def test_a_task_of_another_user_returns_404(
        self, api: APIClient, agent: Agent, strangers_agent: Agent
    ) -> None:
        own, other = (
            TaskFactory.create(agent=owner_agent)
            for owner_agent in (agent, strangers_agent)
        )
        assert api.get(url(own)).status_code == 200

        foreign, missing = api.get(url(other)), api.get(f"{TASKS}{other.pk + 1}/")

        assert (foreign.status_code, foreign.json()["code"]) == (404, "not_found")
        assert foreign.json() | {"instance": ""} == missing.json() | {"instance": ""}

    @pytest.mark.parametrize("pk", ["0", "-1", "abc", "1e3", str(2**63), "9" * 40, "٣"])
    def test_an_invalid_id_returns_404(self, api: APIClient, pk: str) -> None:
        assert api.get(f"{TASKS}{pk}/").status_code == 404


class TestWait:
    @pytest.mark.parametrize(
        ("ahead", "position"),
        [
            ({}, 0),
            ({"rank": 4}, 1),
            ({"rank": 5}, 1),
            ({"rank": 6}, 0),
            ({"rank": 9, "priority": 2}, 1),
            ({"rank": 1, "priority": 0}, 0),
            ({"rank": 4, "is_due": False}, 0),
            ({"rank": 4, "running": True}, 0),
        ],
    )
    def test_counts_tasks_ahead_in_the_queue(
        self,
        api: APIClient,
        agent: Agent,
        strangers_agent: Agent,
        django_assert_num_queries: DjangoAssertNumQueries,
        ahead: dict[str, Any],
        position: int,
    ) -> None:
        make_worker()
        if ahead:
            TaskFactory.create(agent=strangers_agent, **({"priority": 1} | ahead))
        task = TaskFactory.create(agent=agent, priority=1, rank=5)

        # 1. the task, 2. whether a worker is alive, 3. the owner's own limit of running
        # tasks, 4. whether it is reached, 5. the tasks ahead
        with django_assert_num_queries(5):
            wait = api.get(url(task)).json()["wait"]

        assert (wait["reason"], wait["position"]) == ("queued", position)

    @pytest.mark.parametrize(
        ("ahead", "detail"),
        [
            (0, "It is next in the queue."),
            (1, "1 task is ahead of it in the queue."),
            (2, "2 tasks are ahead of it in the queue."),
            (3, "At least 3 tasks are ahead of it in the queue."),
        ],
    )
    def test_states_the_position_in_words(
        self,
        api: APIClient,
        agent: Agent,
        monkeypatch: pytest.MonkeyPatch,
        ahead: int,
        detail: str,
    ) -> None:
        monkeypatch.setattr(wait_reasons, "MAX_POSITION", 3)
        make_worker()
        TaskFactory.create_batch(ahead, agent=agent)
        task = TaskFactory.create(agent=agent, rank=1)

        assert api.get(url(task)).json()["wait"]["detail"] == detail

    def test_counts_tasks_ahead_by_the_index_of_the_queue(
        self, api: APIClient, agent: Agent
    ) -> None:
        make_worker()
        task = TaskFactory.create(agent=agent)

        with plans_of("AS ahead") as plans:
            api.get(url(task))

        (plan,) = plans
        # PostgreSQL chooses between the indexes of pending tasks by their sizes.
        seek = {"sqlite": "task_pending (priority>", "postgresql": "Cond: (priority >="}
        assert seek[connection.vendor] in plan

    def test_of_a_scheduled_task_is_not_due(self, api: APIClient, agent: Agent) -> None:
        later = timezone.now() + timedelta(hours=1)
        task = TaskFactory.create(agent=agent, is_due=False, run_after=later)

        assert api.get(url(task)).json()["wait"]["reason"] == "not_due"

    def test_without_a_worker_is_no_worker(self, api: APIClient, agent: Agent) -> None:
        worker = make_worker()
        worker.lease_until = timezone.now() - timedelta(seconds=1)
        worker.save()
        task = TaskFactory.create(agent=agent)

        assert api.get(url(task)).json()["wait"]["reason"] == "no_worker"

    @pytest.mark.parametrize("limited", ["user", "agent"])
    def test_at_a_limit_is_that_limit(
        self, api: APIClient, agent: Agent, settings: Settings, limited: str
    ) -> None:
        make_worker()
        setattr(settings, f"MAX_RUNNING_PER_{limited.upper()}", 2)
        task = TaskFactory.create(agent=agent)

        reasons = []
        for _ in range(2):
            TaskFactory.create(agent=agent, running=True)
            reasons.append(api.get(url(task)).json()["wait"]["reason"])

        assert reasons == ["queued", f"{limited}_limit"]

    @pytest.mark.parametrize(
        ("waits_for", "reason"),
        [
            (ToolCall.WaitsFor.TASK, "task"),
            (ToolCall.WaitsFor.APPROVAL, "person"),
        ],
    )
    def test_of_a_waiting_task_is_a_person_or_a_task(
        self, api: APIClient, agent: Agent, waits_for: str, reason: str
    ) -> None:
        task = TaskFactory.create(agent=agent, status=AgentTask.Status.WAITING)
        ToolCall.objects.create(
            task=task,
            step=1,
            tool_call_id="call_1",
            name="save",
            status=ToolCall.Status.WAITING,
            waits_for=waits_for,
        )

        assert api.get(url(task)).json()["wait"]["reason"] == reason
