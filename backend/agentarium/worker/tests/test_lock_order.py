"""Every transaction locks tasks by ascending id, so that none deadlocks with another.

Each test blocks an action at one task, whose lock it holds on its own connection.
Meanwhile the action must hold no task with a higher id. On SQLite, a transaction is the
only writer: there the action just runs.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from psycopg import errors
from pytest_django import Settings

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.db import clock
from agentarium.db.transactions import TRIES, atomic
from agentarium.operations.retention import delete_old_logs
from agentarium.tasks.models import AgentTask, Event, ToolCall, Worker
from agentarium.tasks.services import (
    cancel_tasks,
    force_fail_task,
    resolve_call,
    retry_tasks,
)
from agentarium.tasks.tests.factories import EventFactory, TaskFactory
from agentarium.tests.eventually import eventually_sync
from agentarium.worker.queue.recovery import recover_tasks
from agentarium.worker.writing.writes import AttemptWrite, Finish, write_all

Status = AgentTask.Status

pytestmark = pytest.mark.django_db(transaction=True)


def lock(task: AgentTask, *, nowait: bool = False) -> None:
    """Lock a task's row. With `nowait`, fails if another transaction holds it."""
    row = AgentTask.objects.filter(pk=task.pk)
    list(row.select_for_update(no_key=True, nowait=nowait))


@contextmanager
def blocked(action: Callable[[], object], *, at: AgentTask) -> Iterator[None]:
    """Run an action up to the moment at which it waits for a task; then to its end."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lock(at)
            running = pool.submit(_run, action) if _has_locks() else None
            if running:
                eventually_sync("the action to wait", _blocks_another)
            yield
        if running:
            running.result()
        else:
            action()


def _has_locks() -> bool:
    return connection.features.has_select_for_update


def _run(action: Callable[[], object]) -> None:
    try:
        action()
    finally:
        connection.close()


def _blocks_another() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted"
            " AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        return bool(cursor.fetchone()[0])


def statuses(*tasks: AgentTask) -> list[str]:
    return [AgentTask.objects.get(pk=task.pk).status for task in tasks]


@pytest.fixture
def by(agent: Agent) -> User:
    return agent.owner


@pytest.fixture
def root(agent: Agent) -> AgentTask:
    return TaskFactory.create(agent=agent, running=True)


@pytest.fixture
def child(root: AgentTask) -> AgentTask:
    return TaskFactory.create(agent=root.agent, parent=root)


@pytest.fixture
def grandchild(child: AgentTask) -> AgentTask:
    return TaskFactory.create(agent=child.agent, parent=child)


@pytest.fixture
def other(root: AgentTask, grandchild: AgentTask) -> AgentTask:
    """Younger than the whole family of `root`, and not of it."""
    return TaskFactory.create(agent=root.agent, running=True)


@pytest.fixture
def last_child(root: AgentTask, grandchild: AgentTask) -> AgentTask:
    """A child that is younger than the grandchild by another child."""
    return TaskFactory.create(agent=root.agent, parent=root)


def test_cancelling_many_tasks(
    root: AgentTask, grandchild: AgentTask, other: AgentTask, by: User
) -> None:
    tasks = AgentTask.objects.filter(pk__in=[root.pk, other.pk])

    with blocked(lambda: cancel_tasks(tasks, by=by), at=grandchild):
        lock(other, nowait=True)

    assert statuses(root, grandchild, other) == ["cancelled"] * 3


def test_failing_a_task_as_an_operator(
    root: AgentTask, grandchild: AgentTask, last_child: AgentTask, by: User
) -> None:
    with blocked(lambda: force_fail_task(root, by=by), at=grandchild):
        lock(last_child, nowait=True)

    assert statuses(root, grandchild, last_child) == [
        "failed",
        "cancelled",
        "cancelled",
    ]


def test_failing_a_task_by_a_decision(
    root: AgentTask, grandchild: AgentTask, last_child: AgentTask, by: User
) -> None:
    call = ToolCall.objects.create(
        task=root,
        step=1,
        tool_call_id="call_1",
        name="send",
        arguments="{}",
        status=ToolCall.Status.WAITING,
        waits_for=ToolCall.WaitsFor.OUTCOME,
    )
    AgentTask.objects.filter(pk=root.pk).update(status=Status.WAITING)

    with blocked(lambda: resolve_call(call, by=by, outcome="fail"), at=grandchild):
        lock(last_child, nowait=True)

    assert statuses(root, grandchild) == ["failed", "cancelled"]


def test_writing_for_many_attempts(
    root: AgentTask, grandchild: AgentTask, other: AgentTask
) -> None:
    writes = [
        AttemptWrite(other.pk, 1, finish=Finish(Status.COMPLETED)),
        AttemptWrite(root.pk, 1, finish=Finish(Status.FAILED)),
    ]

    with blocked(lambda: write_all(writes), at=grandchild):
        lock(other, nowait=True)

    assert statuses(root, grandchild, other) == ["failed", "cancelled", "completed"]


def test_recovering_tasks_of_a_lost_worker(
    root: AgentTask, grandchild: AgentTask, other: AgentTask, settings: Settings
) -> None:
    settings.MAX_ATTEMPTS = 1
    now = timezone.now()
    worker = Worker.objects.create(
        name="lost", capacity=1, lease_until=now, lost_at=now
    )
    AgentTask.objects.filter(pk__in=[root.pk, other.pk]).update(worker=worker)

    def recover() -> None:
        recover_tasks(leases_are_trustworthy=lambda: True)

    with blocked(recover, at=grandchild):
        lock(other, nowait=True)

    assert statuses(root, grandchild, other) == ["failed", "cancelled", "failed"]


@pytest.fixture
def old(agent: Agent, settings: Settings) -> Sequence[AgentTask]:
    """Failed tasks whose logs are past their retention; the younger one ended first."""
    settings.KEEP_EVENTS_DAYS = 1
    tasks = [TaskFactory.create(agent=agent, failed=True) for _ in range(2)]
    for days, task in zip((2, 3), tasks, strict=True):
        ended_at = timezone.now() - timedelta(days=days)
        AgentTask.objects.filter(pk=task.pk).update(finished_at=ended_at)
        EventFactory.create(task=task)
    return tasks


def test_deleting_old_logs(old: Sequence[AgentTask]) -> None:
    first, second = old

    with blocked(lambda: delete_old_logs(None, clock.now()), at=first):
        lock(second, nowait=True)

    assert not Event.objects.filter(task__in=[task.pk for task in old]).exists()


def test_the_log_of_a_task_that_is_retried_meanwhile_is_kept(
    old: Sequence[AgentTask],
) -> None:
    first, second = old

    with blocked(lambda: delete_old_logs(None, clock.now()), at=first):
        AgentTask.objects.filter(pk=first.pk).update(status="pending", finished_at=None)

    kept = Event.objects.values_list("task", flat=True)
    assert set(kept) == {first.pk}
    assert second.pk not in kept


def test_retrying_many_tasks(old: Sequence[AgentTask], by: User) -> None:
    first, second = old
    tasks = AgentTask.objects.filter(pk__in=[second.pk, first.pk])

    with blocked(lambda: retry_tasks(tasks, by=by), at=first):
        lock(second, nowait=True)

    assert statuses(*old) == ["pending", "pending"]


class TestConflicts:
    """What is rolled back for the sake of another transaction is repeated."""

    def test_two_transactions_that_deadlock_both_succeed(
        self, root: AgentTask, child: AgentTask
    ) -> None:
        # The first time, each waits for the other before it takes its second lock.
        meeting = threading.Barrier(2 if _has_locks() else 1, timeout=10)
        met: set[str] = set()

        @atomic
        def lock_both(name: str, first: AgentTask, second: AgentTask) -> str:
            lock(first)
            if name not in met:
                met.add(name)
                meeting.wait()
            lock(second)
            return name

        def run(*arguments: object) -> str:
            try:
                return lock_both(*arguments)  # type: ignore[arg-type]
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            found = [
                pool.submit(run, "up", root, child),
                pool.submit(run, "down", child, root),
            ]
            names = [each.result() for each in found]

        assert names == ["up", "down"]

    @pytest.mark.parametrize(
        "cause", [errors.DeadlockDetected, errors.SerializationFailure]
    )
    def test_a_conflict_is_repeated(
        self, root: AgentTask, cause: type[Exception]
    ) -> None:
        failures = [cause()]

        @atomic
        def change() -> None:
            AgentTask.objects.filter(pk=root.pk).update(priority=5)
            if failures:
                raise OperationalError from failures.pop()

        change()

        assert AgentTask.objects.get(pk=root.pk).priority == 5

    def test_not_without_end(self, root: AgentTask) -> None:
        calls = []

        @atomic
        def change() -> None:
            calls.append(AgentTask.objects.filter(pk=root.pk).update(priority=5))
            raise OperationalError from errors.DeadlockDetected()

        with pytest.raises(OperationalError):
            change()

        assert len(calls) == TRIES
        assert AgentTask.objects.get(pk=root.pk).priority == 0

    def test_another_failure_is_not_repeated(self) -> None:
        calls = []

        @atomic
        def change() -> None:
            calls.append(1)
            raise OperationalError from errors.AdminShutdown()

        with pytest.raises(OperationalError):
            change()

        assert calls == [1]

    def test_the_outermost_transaction_is_repeated_as_a_whole(
        self, root: AgentTask
    ) -> None:
        failures = [errors.DeadlockDetected()]
        calls = []

        @atomic
        def inner() -> None:
            calls.append("inner")
            if failures:
                raise OperationalError from failures.pop()

        @atomic
        def outer() -> None:
            calls.append("outer")
            inner()

        outer()

        assert calls == ["outer", "inner", "outer", "inner"]
