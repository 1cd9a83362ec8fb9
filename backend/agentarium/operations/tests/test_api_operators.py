"""The operators' API, which is for staff only."""

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
    def test_lists_alive_workers_first(
        self, staff_api: APIClient, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        stopped = worker("stopped")
        Worker.objects.filter(pk=stopped.pk).update(lost_at=F("lease_until"))
        worker("lost", lease=-60, lost_at=timezone.now())
        worker("silent", lease=-1)
        busy = worker("busy")
        TaskFactory.create_batch(2, running=True, worker=busy)

        # 1. the workers, 2. the number of running tasks of each
        with django_assert_num_queries(2):
            response = staff_api.get(WORKERS)

        assert response.status_code == 200
        states = {
            row["name"]: (row["is_alive"], row["has_stopped"], row["running"])
            for row in response.data
        }
        assert states == {
            "busy": (True, False, 2),
            "silent": (False, False, 0),
            "stopped": (False, True, 0),
            "lost": (False, False, 0),
        }
        assert response.data[0]["name"] == "busy"

    @pytest.mark.parametrize(("offset", "expected"), [(29, False), (-31, True)])
    def test_shows_the_clock_of_the_workers_machine(
        self, staff_api: APIClient, offset: float, expected: object
    ) -> None:
        worker("one")
        Worker.objects.update(clock_offset_seconds=offset)

        (row,) = staff_api.get(WORKERS).data

        assert row["clock_offset_seconds"] == offset
        assert row["has_wrong_clock"] is expected


class TestQueue:
    def test_shows_numbers_of_tasks_and_workers(
        self, staff_api: APIClient, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        now = timezone.now()
        oldest = TaskFactory.create(created_at=now - timedelta(minutes=5))
        TaskFactory.create(priority=3)
        # Submitted earlier, but due only a moment ago.
        TaskFactory.create(created_at=now - timedelta(days=1), run_after=now)
        TaskFactory.create(is_due=False, run_after=now + timedelta(days=1))
        TaskFactory.create(running=True, worker=worker())
        TaskFactory.create(completed=True)
        worker()
        worker(lease=-1)
        waiting_task()

        # 1. due tasks by priority, 2. not due, 3. running, 4. waiting, 5. the oldest,
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

    def test_shows_an_empty_queue(self, staff_api: APIClient) -> None:
        data = staff_api.get(QUEUE).data

        assert data["depth"]["pending"] == 0
        assert data["oldest"] is None
        assert data["workers"] == {"alive": 0, "capacity": 0}

    def test_counts_recent_recoveries_and_losses(self, staff_api: APIClient) -> None:
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
    def test_queues_running_waiting_and_failed_tasks(
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
    def test_names_the_invalid_field(
        self, staff_api: APIClient, path: str, body: dict[str, Any]
    ) -> None:
        response = staff_api.post(path, body)

        assert response.status_code == 400
        assert next(iter(response.data["errors"])).startswith("ids")


class TestFail:
    def test_fails_tasks_that_have_not_ended(self, staff_api: APIClient) -> None:
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
    def test_refuses_users_who_are_not_staff(
        self, api: APIClient, method: str, path: str
    ) -> None:
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
    """No query reads more than the tasks that have not ended (P10)."""

    @pytest.mark.parametrize(
        "run_query",
        [
            queue_state.read_depth,
            queue_state.count_recovered,
            queue_state.count_lost,
            queue_state.find_oldest,
            # Run by the sweep, every two seconds.
            queue_due_tasks,
            expire_calls,
            answer_from_children,
        ],
    )
    def test_scans_no_whole_table(self, run_query: Any) -> None:
        with plans_of() as plans:
            run_query()

        assert plans
        assert not [
            line for plan in plans for line in plan.splitlines() if is_scan(line)
        ]


# The partial indexes of tasks that have not ended, and of waiting calls.
BOUNDED_INDEXES = (
    "task_pending",
    "task_owner_pending",
    "task_not_due",
    "task_running",
    "task_owner_running",
    "tool_call_waiting",
)


def is_scan(plan: str) -> bool:
    """Whether a line of a plan scans a whole table, or an index of all tasks."""
    scans = "Seq Scan" in plan or "SCAN" in plan
    return scans and not any(
        f"USING INDEX {index}" in plan for index in BOUNDED_INDEXES
    )
