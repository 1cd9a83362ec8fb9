"""No write of a worker passes the fence after its attempt has lost the task."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from agentarium.agents.models import Agent
from agentarium.agents.tests.factories import AgentFactory
from agentarium.runtime.call_usage import CallUsage
from agentarium.runtime.messages import Usage
from agentarium.tasks import fence
from agentarium.tasks.fence import AttemptKey
from agentarium.tasks.models import AgentTask, ToolCall, Worker
from agentarium.tasks.services import submit_child
from agentarium.tasks.tests.factories import TaskFactory
from agentarium.worker.leases import register_worker
from agentarium.worker.queue import claims, late_usage, recovery, release
from agentarium.worker.tests.expected import (
    Attempt,
    call_of,
    draft_of,
    step_of,
    stored_rows,
    write_of,
)
from agentarium.worker.writing.writes import AttemptWrite, Finish, write_all

Status = AgentTask.Status
Write = Callable[[Attempt], Any]

# How the task's row looks after each thing that takes a task from its attempt.
LOST: dict[str, dict[str, Any]] = {
    "another attempt": {"attempt": 2},
    "returned to the queue": {"status": Status.PENDING, "worker": None},
    "waiting": {"status": Status.WAITING, "worker": None},
    "cancelled": {"status": Status.CANCELLED},
    "completed": {"status": Status.COMPLETED, "worker": None},
    "failed": {"status": Status.FAILED},
    "cancelled in another attempt": {"status": Status.CANCELLED, "attempt": 2},
}


def _adding_record(name: str, make: Callable[[Attempt], Any]) -> Write:
    """A write of one record."""

    def write(attempt: Attempt) -> None:
        attempt_write = AttemptWrite(attempt.task_id, attempt.number)
        getattr(attempt_write, name).append(make(attempt))
        write_all([attempt_write])

    return write


def _finish(status: Status) -> Write:
    def write(attempt: Attempt) -> None:
        attempt_write = write_of(attempt, f"task.{status.value}")
        write_all([replace(attempt_write, finish=Finish(status))])

    return write


def _submit_child(attempt: Attempt) -> None:
    parent = AgentTask.objects.get(pk=attempt.task_id)
    parent.attempt = attempt.number
    agent = Agent.objects.get(pk=parent.agent_id)
    submit_child(parent=parent, agent=agent, call=call_of(attempt, "task"))


def _record_late_usage(attempt: Attempt) -> None:
    drafts = [draft_of(attempt)]
    usage = late_usage.LateUsage(
        *attempt.key, CallUsage(Usage(5, 7), 11), drafts=drafts
    )
    late_usage.record_late_usage(attempt.worker, usage)


WRITES: dict[str, Write] = {
    "events": _adding_record(
        "events", lambda attempt: write_of(attempt, "x").events[0]
    ),
    "steps": _adding_record("steps", step_of),
    "drafts": _adding_record("drafts", draft_of),
    "tool calls": _adding_record(
        "tool_calls", lambda attempt: call_of(attempt, "approval")
    ),
    "a success": _finish(Status.COMPLETED),
    "a failure": _finish(Status.FAILED),
    "a suspension": _finish(Status.WAITING),
    "a child task": _submit_child,
    "its loss": lambda attempt: recovery.lose_attempt(attempt.worker, attempt.key),
    "its release": lambda attempt: release.release_tasks(attempt.worker, [attempt.key]),
}


@pytest.fixture
def attempt(db: None) -> Attempt:
    """The attempt of a worker that has claimed a task."""
    task = TaskFactory.create(agent=AgentFactory.create())
    worker = register_worker(capacity=1)
    (claimed,) = claims.claim_tasks(worker, limit=1)
    assert claimed.pk == task.pk
    return Attempt(claimed.pk, claimed.attempt, worker, position=0)


def lose(attempt: Attempt, how: str) -> None:
    changes = dict(LOST[how])
    if changes.get("status") in (Status.CANCELLED, Status.COMPLETED, Status.FAILED):
        changes["finished_at"] = timezone.now()
    AgentTask.objects.filter(pk=attempt.task_id).update(**changes)


def all_rows(attempt: Attempt) -> dict[str, Any]:
    children = AgentTask.objects.filter(parent=attempt.task_id)
    return {**stored_rows(attempt.task_id), "children": list(children.values())}


@pytest.mark.parametrize("name", WRITES)
def test_an_attempt_that_holds_its_task_writes(attempt: Attempt, name: str) -> None:
    before = all_rows(attempt)

    WRITES[name](attempt)

    assert all_rows(attempt) != before


@pytest.mark.parametrize("how", LOST)
@pytest.mark.parametrize("name", WRITES)
def test_an_attempt_that_lost_its_task_writes_nothing(
    attempt: Attempt, name: str, how: str
) -> None:
    lose(attempt, how)
    before = all_rows(attempt)

    WRITES[name](attempt)

    assert all_rows(attempt) == before


class TestLateUsage:
    """The only write to a task that a cancel has ended."""

    def test_is_added_to_a_cancelled_task_once(self, attempt: Attempt) -> None:
        lose(attempt, "cancelled")

        _record_late_usage(attempt)
        _record_late_usage(attempt)

        task = AgentTask.objects.get(pk=attempt.task_id)
        assert (task.input_tokens, task.output_tokens) == (5, 7)
        assert task.cost_nanodollars == 11
        assert task.drafts.count() == 1

    @pytest.mark.parametrize("how", [how for how in LOST if how != "cancelled"])
    def test_is_not_added_in_any_other_state(self, attempt: Attempt, how: str) -> None:
        lose(attempt, how)
        before = all_rows(attempt)

        _record_late_usage(attempt)

        assert all_rows(attempt) == before

    def test_is_not_added_while_the_attempt_holds(self, attempt: Attempt) -> None:
        before = all_rows(attempt)

        _record_late_usage(attempt)

        assert all_rows(attempt) == before

    def test_is_not_added_by_another_worker(self, attempt: Attempt) -> None:
        lose(attempt, "cancelled")
        before = all_rows(attempt)

        _record_late_usage(replace(attempt, worker=register_worker(capacity=1)))

        assert all_rows(attempt) == before


class TestTheCondition:
    """Querysets, statements, reads and locks agree about each row."""

    @pytest.mark.parametrize("how", LOST)
    def test_matches_no_attempt_that_lost(self, attempt: Attempt, how: str) -> None:
        lose(attempt, how)

        assert matches(attempt.key) == (0, 0, set(), set())

    def test_matches_the_attempt_that_holds_its_task(self, attempt: Attempt) -> None:
        key = attempt.key

        assert matches(key) == (1, 1, {key}, {key})

    def test_matches_no_attempt_of_a_deleted_task(self, attempt: Attempt) -> None:
        deleted = AttemptKey(attempt.task_id + 1, attempt.number)

        assert matches(deleted) == (0, 0, set(), set())


def matches(key: AttemptKey) -> tuple[int, int, set[AttemptKey], set[AttemptKey]]:
    """What matches a key: in a queryset, an UPDATE, a read, and a read with a lock."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {AgentTask._meta.db_table} SET depth = depth"  # noqa: S608
                f" WHERE {fence.HOLDS}",
                [*key],
            )
            updated = cursor.rowcount
        return (
            AgentTask.objects.filter(fence.holds(key)).count(),
            updated,
            fence.still_held([key]),
            fence.still_held([key], lock=True),
        )


def test_release_orphans_leaves_the_tasks_of_other_workers(attempt: Attempt) -> None:
    lose(attempt, "another attempt")
    other = register_worker(capacity=1)
    AgentTask.objects.filter(pk=attempt.task_id).update(worker=other)
    before = all_rows(attempt)

    release.release_unconfirmed_claims(attempt.worker, [])

    assert all_rows(attempt) == before
    assert ToolCall.objects.count() == 0
    assert Worker.objects.count() == 2
