"""No kind of write of a worker passes the fence once its attempt has lost the task."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from agentarium.agents.models import Agent
from agentarium.agents.tests.factories import AgentFactory
from agentarium.tasks import fence
from agentarium.tasks.fence import AttemptKey
from agentarium.tasks.models import AgentTask, ToolCall, Worker
from agentarium.tasks.services import submit_child
from agentarium.tasks.tests.factories import TaskFactory
from agentarium.worker.leases import register_worker
from agentarium.worker.queue import claims
from agentarium.worker.tests.lives import (
    Attempt,
    call_of,
    draft_of,
    entry_of,
    step_of,
    stored,
)
from agentarium.worker.writing.writes import AttemptWrite, Finish, write_all

Status = AgentTask.Status
Write = Callable[[Attempt], Any]

# Everything that takes a task from its attempt, as it leaves the task's row.
LOST: dict[str, dict[str, Any]] = {
    "another attempt": {"attempt": 2},
    "returned to the queue": {"status": Status.PENDING, "worker": None},
    "waiting": {"status": Status.WAITING, "worker": None},
    "cancelled": {"status": Status.CANCELLED},
    "completed": {"status": Status.COMPLETED, "worker": None},
    "failed": {"status": Status.FAILED},
    "cancelled in another attempt": {"status": Status.CANCELLED, "attempt": 2},
}


def _entry(name: str, make: Callable[[Attempt], Any]) -> Write:
    """An entry with one thing that the attempt adds to its record."""

    def write(attempt: Attempt) -> None:
        entry = AttemptWrite(attempt.task_id, attempt.number)
        getattr(entry, name).append(make(attempt))
        write_all([entry])

    return write


def _finish(status: Status) -> Write:
    def write(attempt: Attempt) -> None:
        entry = entry_of(attempt, f"task.{status.value}")
        write_all([replace(entry, finish=Finish(status))])

    return write


def _submit_child(attempt: Attempt) -> None:
    parent = AgentTask.objects.get(pk=attempt.task_id)
    parent.attempt = attempt.number
    agent = Agent.objects.get(pk=parent.agent_id)
    submit_child(parent=parent, agent=agent, call=call_of(attempt, "task"))


def _settle(attempt: Attempt) -> None:
    drafts = [draft_of(attempt)]
    spent = claims.LateUsage(*attempt.key, 5, 7, 11, drafts=drafts)
    claims.record_late_usage(attempt.worker, spent)


WRITES: dict[str, Write] = {
    "events": _entry("events", lambda attempt: entry_of(attempt, "x").events[0]),
    "steps": _entry("steps", step_of),
    "drafts": _entry("drafts", draft_of),
    "tool calls": _entry("tool_calls", lambda attempt: call_of(attempt, "approval")),
    "a success": _finish(Status.COMPLETED),
    "a failure": _finish(Status.FAILED),
    "a suspension": _finish(Status.WAITING),
    "a task that it calls": _submit_child,
    "its loss": lambda attempt: claims.lose_attempt(attempt.worker, attempt.key),
    "its release": lambda attempt: claims.release_tasks(attempt.worker, [attempt.key]),
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


def everything(attempt: Attempt) -> dict[str, Any]:
    children = AgentTask.objects.filter(parent=attempt.task_id)
    return {**stored(attempt.task_id), "children": list(children.values())}


@pytest.mark.parametrize("name", WRITES)
def test_an_attempt_that_holds_its_task_writes(attempt: Attempt, name: str) -> None:
    before = everything(attempt)

    WRITES[name](attempt)

    assert everything(attempt) != before


@pytest.mark.parametrize("how", LOST)
@pytest.mark.parametrize("name", WRITES)
def test_an_attempt_that_lost_its_task_writes_nothing(
    attempt: Attempt, name: str, how: str
) -> None:
    lose(attempt, how)
    before = everything(attempt)

    WRITES[name](attempt)

    assert everything(attempt) == before


class TestLateUsage:
    """The only thing that is added to a task that a cancel has ended."""

    def test_is_added_to_a_cancelled_task_once(self, attempt: Attempt) -> None:
        lose(attempt, "cancelled")

        _settle(attempt)
        _settle(attempt)

        task = AgentTask.objects.get(pk=attempt.task_id)
        assert (task.input_tokens, task.output_tokens) == (5, 7)
        assert task.cost_nanodollars == 11
        assert task.drafts.count() == 1

    @pytest.mark.parametrize("how", [how for how in LOST if how != "cancelled"])
    def test_is_not_added_in_any_other_state(self, attempt: Attempt, how: str) -> None:
        lose(attempt, how)
        before = everything(attempt)

        _settle(attempt)

        assert everything(attempt) == before

    def test_is_not_added_while_the_attempt_holds(self, attempt: Attempt) -> None:
        before = everything(attempt)

        _settle(attempt)

        assert everything(attempt) == before

    def test_is_not_added_by_another_worker(self, attempt: Attempt) -> None:
        lose(attempt, "cancelled")
        before = everything(attempt)

        _settle(replace(attempt, worker=register_worker(capacity=1)))

        assert everything(attempt) == before


class TestTheCondition:
    """It is one definition: querysets, statements and locks agree about each row."""

    @pytest.mark.parametrize("how", LOST)
    def test_matches_no_attempt_that_lost(self, attempt: Attempt, how: str) -> None:
        lose(attempt, how)

        assert matches(attempt.key) == (0, 0, set(), set())

    def test_matches_the_one_that_holds(self, attempt: Attempt) -> None:
        key = attempt.key

        assert matches(key) == (1, 1, {key}, {key})

    def test_matches_nothing_of_a_task_that_is_gone(self, attempt: Attempt) -> None:
        gone = AttemptKey(attempt.task_id + 1, attempt.number)

        assert matches(gone) == (0, 0, set(), set())


def matches(key: AttemptKey) -> tuple[int, int, set[AttemptKey], set[AttemptKey]]:
    """What of a key passes in a queryset, in an UPDATE, in a look and in a lock."""
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


def test_gives_back_only_what_this_worker_holds(attempt: Attempt) -> None:
    lose(attempt, "another attempt")
    other = register_worker(capacity=1)
    AgentTask.objects.filter(pk=attempt.task_id).update(worker=other)
    before = everything(attempt)

    claims.release_orphans(attempt.worker, [])

    assert everything(attempt) == before
    assert ToolCall.objects.count() == 0
    assert Worker.objects.count() == 2
