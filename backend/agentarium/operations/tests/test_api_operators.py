"""What the staff sees and does; nobody else does."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.accounts.tests.factories import ApiTokenFactory, UserFactory
from agentarium.db.clock import Now
from agentarium.db.tests.plans import plans_of
from agentarium.operations import queue_state
from agentarium.tasks.models import AgentTask, Event, ToolCall, Worker
from agentarium.tasks.services import (
    answer_from_children,
    expire_calls,
    queue_due_tasks,
)
from agentarium.tasks.tests.factories import EventFactory, TaskFactory

WORKERS = "/api/workers/"
QUEUE = "/api/queue/"
REQUEUE = "/api/queue/requeue/"
FAIL = "/api/queue/fail/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> User:
    return UserFactory.create(username="operator", is_staff=True)


@pytest.fixture
def staff_api(operator: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(operator)
    return client


def worker(name: str = "w", *, lease: int = 10, **fields: Any) -> Worker:
    return Worker.objects.create(
        name=name, capacity=5, lease_until=Now() + timedelta(seconds=lease), **fields
    )


def waiting_task() -> AgentTask:
    task = TaskFactory.create(status="waiting", attempt=1)
    for number in (1, 2):
        ToolCall.objects.create(
            task=task,
            step=1,
            tool_call_id=f"call-{number}",
            name="send",
            effect="write",
            status="waiting",
            waits_for="approval",
            arguments="{}",
        )
    return task


class TestWorkers:
    def test_lists_those_alive_then_those_that_ended(
        self, staff_api: APIClient, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        stopped = worker("stopped")
        Worker.objects.filter(pk=stopped.pk).update(lost_at=F("lease_until"))
        worker("lost", lease=-60, lost_at=timezone.now())
        worker("silent", lease=-1)
        busy = worker("busy")
        TaskFactory.create_batch(2, running=True, worker=busy)

        # 1. the workers, 2. how many tasks each runs
        with django_assert_num_queries(2):
            response = staff_api.get(WORKERS)

        assert response.status_code == 200
        told = {
            row["name"]: (row["is_alive"], row["has_stopped"], row["running"])
            for row in response.data
        }
        assert told == {
            "busy": (True, False, 2),
            "silent": (False, False, 0),
            "stopped": (False, True, 0),
            "lost": (False, False, 0),
        }
        assert response.data[0]["name"] == "busy"


class TestQueue:
    def test_shows_how_it_stands(
        self, staff_api: APIClient, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        now = timezone.now()
        oldest = TaskFactory.create(created_at=now - timedelta(minutes=5))
        TaskFactory.create(priority=3)
        # Submitted before, but to be begun only a moment ago.
        TaskFactory.create(created_at=now - timedelta(days=1), run_after=now)
        TaskFactory.create(is_due=False, run_after=now + timedelta(days=1))
        TaskFactory.create(running=True, worker=worker())
        TaskFactory.create(completed=True)
        worker()
        worker(lease=-1)
        waiting_task()

        # 1. due ones by priority, 2. not due, 3. running, 4. waiting, 5. the oldest,
        # 6. workers, 7. lost attempts, 8. lost tasks
        with django_assert_num_queries(8):
            response = staff_api.get(QUEUE)

        data = response.data
        assert data["depth"] == {
            "pending": 4,
            "due": 3,
            "not_due": 1,
            "running": 1,
            "waiting": 1,
            "priorities": [{"priority": 3, "count": 1}, {"priority": 0, "count": 2}],
        }
        assert data["oldest"]["task"] == oldest.pk
        assert 300 <= data["oldest"]["age_seconds"] < 400
        assert data["workers"] == {"alive": 2, "capacity": 10}

    def test_is_empty(self, staff_api: APIClient) -> None:
        data = staff_api.get(QUEUE).data

        assert data["depth"]["pending"] == 0
        assert data["oldest"] is None
        assert data["workers"] == {"alive": 0, "capacity": 0}

    def test_counts_what_was_recovered_and_lost_of_late(
        self, staff_api: APIClient
    ) -> None:
        now = timezone.now()
        for hours in (0, 2, 25):
            past = now - timedelta(hours=hours)
            task = TaskFactory.create(
                failed=True, finished_at=past, error_code="worker_lost"
            )
            EventFactory.create(task=task, type="attempt.lost", created_at=past)
            EventFactory.create(task=task, seq=2, created_at=past)

        data = staff_api.get(QUEUE).data

        assert data["recovered"] == {"hour": 1, "day": 2}
        assert data["lost"] == {"hour": 1, "day": 2}


class TestRequeue:
    def test_takes_back_what_runs_waits_or_failed(
        self, staff_api: APIClient, operator: User
    ) -> None:
        tasks = [
            TaskFactory.create(running=True, worker=worker()),
            waiting_task(),
            TaskFactory.create(failed=True),
        ]
        others = [
            TaskFactory.create(),
            TaskFactory.create(completed=True),
            TaskFactory.create(status="cancelled", finished_at=timezone.now()),
        ]
        ids = [task.pk for task in (*tasks, *others)]

        response = staff_api.post(REQUEUE, {"ids": [*ids, 10**15]})

        assert response.status_code == 200
        assert response.data == {"count": 3}
        for task in tasks:
            task.refresh_from_db()
        assert {(task.status, task.worker_id) for task in tasks} == {("pending", None)}
        event = Event.objects.get(task=tasks[0])
        assert event.type == "attempt.released"
        assert event.data == {"attempt": 1, "by": operator.pk}
        for task in others:
            before = task.status
            task.refresh_from_db()
            assert task.status == before

    @pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": ["x"]}, {"ids": [0]}])
    @pytest.mark.parametrize("path", [REQUEUE, FAIL])
    def test_says_which_field_is_wrong(
        self, staff_api: APIClient, path: str, body: dict[str, Any]
    ) -> None:
        response = staff_api.post(path, body)

        assert response.status_code == 400
        assert next(iter(response.data["errors"])).startswith("ids")


class TestFail:
    def test_ends_what_is_live(self, staff_api: APIClient) -> None:
        live = [TaskFactory.create(), TaskFactory.create(running=True), waiting_task()]
        ended = TaskFactory.create(completed=True)
        ids = [task.pk for task in (*live, ended)]

        response = staff_api.post(FAIL, {"ids": ids})

        assert response.data == {"count": 3}
        for task in (*live, ended):
            task.refresh_from_db()
        assert {task.status for task in live} == {"failed"}
        assert {task.error_code for task in live} == {"failed_by_operator"}
        assert ended.status == "completed"
        assert not ToolCall.objects.waiting().exists()


class TestForStaffOnly:
    @pytest.mark.parametrize(
        ("method", "path"),
        [("get", WORKERS), ("get", QUEUE), ("post", REQUEUE), ("post", FAIL)],
    )
    def test_is_closed_to_others(self, api: APIClient, method: str, path: str) -> None:
        task = TaskFactory.create(running=True)

        response = getattr(api, method)(path, {"ids": [task.pk]})

        assert response.status_code == 403
        assert response.data["code"] == "staff_only"
        task.refresh_from_db()
        assert task.status == "running"

    def test_a_token_needs_its_scope_too(
        self, anonymous_api: APIClient, operator: User
    ) -> None:
        secret = f"agt_00000001_{'5' * 64}"
        ApiTokenFactory.create(owner=operator, scopes=["read"], secret=secret)
        bearer: dict[str, Any] = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}

        assert anonymous_api.get(QUEUE, **bearer).status_code == 200
        refused = anonymous_api.post(FAIL, {"ids": [1]}, **bearer)

        assert refused.status_code == 403
        assert refused.data["code"] == "insufficient_scope"


class TestCost:
    """No look reads more than what is live (P10)."""

    @pytest.mark.parametrize(
        "look",
        [
            queue_state.read_depth,
            queue_state.count_recovered,
            queue_state.count_lost,
            queue_state.find_oldest,
            # Of the sweep, every few seconds.
            queue_due_tasks,
            expire_calls,
            answer_from_children,
        ],
    )
    def test_reads_no_table_of_tasks_from_end_to_end(self, look: Any) -> None:
        with plans_of() as plans:
            look()

        assert plans
        assert not [
            line for plan in plans for line in plan.splitlines() if is_scan(line)
        ]


# Those of live tasks, and of calls that wait.
BOUNDED = (
    "task_pending",
    "task_owner_pending",
    "task_not_due",
    "task_running",
    "task_owner_running",
    "tool_call_waiting",
)


def is_scan(plan: str) -> bool:
    """Whether a line of a plan reads a whole table, or an index of all tasks."""
    is_whole = "Seq Scan" in plan or "SCAN" in plan
    return is_whole and not any(f"USING INDEX {index}" in plan for index in BOUNDED)
