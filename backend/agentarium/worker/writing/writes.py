"""Stores what attempts write, for many tasks in one transaction, behind the fence.

It uses hand-written SQL instead of the ORM, because every step of every task passes here.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from agentarium.accounts.storage import add_unlimited, json_row_size, text_size
from agentarium.db import clock
from agentarium.db.bulk_insert import BulkInsert, in_clause
from agentarium.db.prepared_statements import execute_many, prepared_cursor
from agentarium.tasks import fence
from agentarium.tasks.fence import AttemptKey
from agentarium.tasks.models import AgentTask, Draft, Event, Step, ToolCall
from agentarium.tasks.services import (
    cancel_children,
    close_calls,
    lock_families,
    record_decisions,
)

_TABLE = AgentTask._meta.db_table
# A repeated write finds its own rows, which are the same.
_STEPS = BulkInsert(Step, without=["id"], conflict="DO NOTHING")
_EVENTS = BulkInsert(Event, conflict="DO NOTHING")
_DRAFTS = BulkInsert(Draft, conflict="DO NOTHING")


@dataclass(frozen=True, slots=True)
class Finish:
    """How an attempt ended its task."""

    status: AgentTask.Status
    output_text: str = ""
    error_code: str = ""
    error_detail: str = ""
    error_provider_message: str = ""


@dataclass(slots=True)
class AttemptWrite:
    """What one attempt adds to its task, all or nothing.

    `finish` ends or suspends the task.
    """

    task_id: int
    attempt: int
    owner_id: int = 0
    events: list[Event] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    tool_calls: list[ToolCall] = field(default_factory=list)
    finish: Finish | None = None

    @property
    def key(self) -> AttemptKey:
        return AttemptKey(self.task_id, self.attempt)

    @property
    def has_failed(self) -> bool:
        finish = self.finish
        return finish is not None and finish.status == AgentTask.Status.FAILED

    @property
    def is_waiting(self) -> bool:
        finish = self.finish
        return finish is not None and finish.status == AgentTask.Status.WAITING

    @property
    def is_ending(self) -> bool:
        return self.finish is not None and not self.is_waiting


def write_all(writes: Sequence[AttemptWrite]) -> set[AttemptKey]:
    """Store the writes of the attempts that still hold their tasks, in one transaction.

    Returns those attempts; the writes of the others are dropped. It locks the rows of
    the tasks first, so that none can be taken from its attempt before the commit. Safe
    to repeat after a lost connection.
    """
    with transaction.atomic():
        failed = [write.task_id for write in writes if write.has_failed]
        lock_families(failed, others=[write.task_id for write in writes])
        held = fence.still_held([write.key for write in writes], lock=True)
        kept = [write for write in writes if write.key in held]
        _store_records(kept)
        _add_progress([write for write in kept if write.steps and not write.is_ending])
        _end_or_suspend([write for write in kept if write.finish])
        # Last, so that the owners' rows are locked briefly.
        add_unlimited(_sizes(kept))
    return held


def _sizes(writes: Sequence[AttemptWrite]) -> Counter[int]:
    """The bytes of the writes, by owner. Drafts are deleted with the next step."""
    sizes: Counter[int] = Counter()
    for write in writes:
        size = sum(json_row_size(step.message) for step in write.steps)
        size += sum(json_row_size(event.data) for event in write.events)
        if write.finish:
            size += text_size(write.finish.output_text)
        if size and write.owner_id:
            sizes[write.owner_id] += size
    return sizes


def _store_records(writes: Sequence[AttemptWrite]) -> None:
    """Store steps, drafts, events and tool calls."""
    steps = [step for write in writes for step in write.steps]
    _STEPS.run(steps)
    _delete_drafts({step.task_id for step in steps})
    _store_drafts(writes, {(step.task_id, step.position) for step in steps})
    _EVENTS.run([event for write in writes for event in write.events])
    _store_calls([call for write in writes for call in write.tool_calls])


def _end_or_suspend(writes: Sequence[AttemptWrite]) -> None:
    """Apply the `finish` of writes that have one."""
    _finish([write for write in writes if write.is_ending])
    if failed := [write.task_id for write in writes if write.has_failed]:
        close_calls(failed)
        cancel_children(failed)
    if suspended := [write for write in writes if write.is_waiting]:
        _suspend(suspended)


def _delete_drafts(task_ids: Collection[int]) -> None:
    """Delete all drafts of tasks whose step has just been stored with the whole text."""
    if task_ids:
        in_ids, ids = in_clause(task_ids)
        with prepared_cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {Draft._meta.db_table} WHERE task_id {in_ids}",  # noqa: S608
                ids,
            )


def _store_drafts(
    writes: Iterable[AttemptWrite], finished: set[tuple[int, int]]
) -> None:
    _DRAFTS.run(
        [
            draft
            for write in writes
            for draft in write.drafts
            if (draft.task_id, draft.step) not in finished
        ]
    )


def _store_calls(calls: Iterable[ToolCall]) -> None:
    """If a batch has several versions of one call, the last one counts."""
    rows = {(call.task_id, call.step, call.tool_call_id): call for call in calls}
    if rows:
        ToolCall.objects.store(rows.values())


def _suspend(writes: Sequence[AttemptWrite]) -> None:
    """Make tasks waiting, or pending if all of their calls were decided meanwhile.

    A decision locks the task's row, as this transaction does. It either came before, and
    is seen here, or comes after, and finds the task waiting.
    """
    record_decisions([write.task_id for write in writes])
    for write in writes:
        waiting = ToolCall.objects.waiting().filter(task=write.task_id).exists()
        status = AgentTask.Status.WAITING if waiting else AgentTask.Status.PENDING
        held = AgentTask.objects.filter(fence.holds(write.key))
        held.update(status=status, worker=None)


_ADD = (
    f"UPDATE {_TABLE} SET steps_count = steps_count + %s,"  # noqa: S608 - our table
    " input_tokens = input_tokens + %s, output_tokens = output_tokens + %s,"
    " cost_nanodollars = cost_nanodollars + %s,"
    " cost_is_complete = cost_is_complete AND %s"
)


def _totals(write: AttemptWrite) -> tuple[int, int, int, int, bool]:
    return (
        len(write.steps),
        sum(step.input_tokens for step in write.steps),
        sum(step.output_tokens for step in write.steps),
        sum(step.cost_nanodollars or 0 for step in write.steps),
        all(step.cost_nanodollars is not None for step in write.steps),
    )


def _add_progress(writes: Sequence[AttemptWrite]) -> None:
    """Add steps, tokens and costs. A repeated write finds its steps counted, adds none."""
    execute_many(
        f"{_ADD} WHERE {fence.HOLDS} AND steps_count < %s",
        [(*_totals(write), *write.key, write.steps[-1].position) for write in writes],
    )


def _finish(writes: Sequence[AttemptWrite]) -> None:
    execute_many(
        f"{_ADD}, status = %s, output_text = %s, error_code = %s, error_detail = %s,"
        f" error_provider_message = %s, worker_id = NULL, finished_at = {clock.now_sql()}"
        f" WHERE {fence.HOLDS}",
        [(*_totals(write), *_finish_columns(write), *write.key) for write in writes],
    )


def _finish_columns(write: AttemptWrite) -> tuple[str, str, str, str, str]:
    assert write.finish
    finish = write.finish
    return (
        finish.status.value,
        finish.output_text,
        finish.error_code,
        finish.error_detail,
        finish.error_provider_message,
    )
