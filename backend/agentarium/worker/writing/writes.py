"""What workers write, for many tasks in one transaction, and only while they may.

This is written by hand where the ORM would do: every step of every task passes here.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction
from django.utils import timezone

from agentarium.db.bulk_insert import BulkInsert, in_clause
from agentarium.db.prepared_statements import execute_many, prepared_cursor
from agentarium.tasks import fence
from agentarium.tasks.fence import AttemptKey
from agentarium.tasks.models import AgentTask, Draft, Event, Step, ToolCall
from agentarium.tasks.services import cancel_children, close_calls, record_decisions

_TABLE = AgentTask._meta.db_table
# What is there already is the same: a write may be repeated.
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


@dataclass(slots=True)
class AttemptWrite:
    """What one attempt adds to the record, in one go.

    `finish` ends the task and comes with the tokens and the cost of all its steps.
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


def write_all(entries: Sequence[AttemptWrite]) -> set[AttemptKey]:
    """Write what the attempts that still hold their tasks have to say; all or nothing.

    Returns the attempts that held. The rows of the tasks are locked first: between
    the look and the commit nobody else can take one over. Safe to repeat after a lost
    connection: rows that are there already are the same ones.
    """
    with transaction.atomic():
        held = fence.still_held([entry.key for entry in entries], lock=True)
        kept = [entry for entry in entries if entry.key in held]
        _add_to_record(kept)
        _add_progress([e for e in kept if e.steps and not e.is_ending])
        _leave_tasks([entry for entry in kept if entry.finish])
    return held


def _add_to_record(entries: Sequence[AttemptWrite]) -> None:
    """Store steps, drafts, events and tool calls."""
    finished = [step for entry in entries for step in entry.steps]
    _STEPS.run(finished)
    _drop_drafts({step.task_id for step in finished})
    _create_drafts(entries, {(step.task_id, step.position) for step in finished})
    _EVENTS.run([event for entry in entries for event in entry.events])
    _keep_calls([call for entry in entries for call in entry.tool_calls])


def _leave_tasks(entries: Sequence[AttemptWrite]) -> None:
    """End the tasks of attempts that are over, or have them wait."""
    _finish([entry for entry in entries if entry.is_ending])
    if failed := [entry.task_id for entry in entries if entry.has_failed]:
        close_calls(failed)
        cancel_children(failed)
    if suspended := [entry for entry in entries if entry.is_waiting]:
        _suspend(suspended)


def _drop_drafts(task_ids: Collection[int]) -> None:
    """The whole text is in the step now."""
    if task_ids:
        these, ids = in_clause(task_ids)
        with prepared_cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {Draft._meta.db_table} WHERE task_id {these}",  # noqa: S608
                ids,
            )


def _create_drafts(
    entries: Iterable[AttemptWrite], finished: set[tuple[int, int]]
) -> None:
    _DRAFTS.run(
        [
            draft
            for entry in entries
            for draft in entry.drafts
            if (draft.task_id, draft.step) not in finished
        ]
    )


def _keep_calls(calls: Iterable[ToolCall]) -> None:
    """The last word of a batch about one call counts."""
    rows = {(call.task_id, call.step, call.tool_call_id): call for call in calls}
    if rows:
        ToolCall.objects.store(rows.values())


def _suspend(entries: Sequence[AttemptWrite]) -> None:
    """Let go of tasks that wait; of one whose calls were decided meanwhile, too.

    That one is pending at once. The decision locks the task's row as we do: it either
    came before, and is seen here, or comes after, and finds the task waiting.
    """
    record_decisions([entry.task_id for entry in entries])
    for entry in entries:
        waiting = ToolCall.objects.waiting().filter(task=entry.task_id).exists()
        status = AgentTask.Status.WAITING if waiting else AgentTask.Status.PENDING
        held = AgentTask.objects.filter(fence.holds(entry.key))
        held.update(status=status, worker=None)


_ADD = (
    f"UPDATE {_TABLE} SET steps_count = steps_count + %s,"  # noqa: S608 - our table
    " input_tokens = input_tokens + %s, output_tokens = output_tokens + %s,"
    " cost_nanodollars = cost_nanodollars + %s,"
    " cost_is_complete = cost_is_complete AND %s"
)


def _progress(entry: AttemptWrite) -> tuple[int, int, int, int, bool]:
    return (
        len(entry.steps),
        sum(step.input_tokens for step in entry.steps),
        sum(step.output_tokens for step in entry.steps),
        sum(step.cost_nanodollars or 0 for step in entry.steps),
        all(step.cost_nanodollars is not None for step in entry.steps),
    )


def _add_progress(entries: Sequence[AttemptWrite]) -> None:
    """Count steps, tokens and costs, once: a repeated write finds the steps counted."""
    execute_many(
        f"{_ADD} WHERE {fence.HOLDS} AND steps_count < %s",
        [
            (*_progress(entry), *entry.key, entry.steps[-1].position)
            for entry in entries
        ],
    )


def _finish(entries: Sequence[AttemptWrite]) -> None:
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    execute_many(
        f"{_ADD}, status = %s, output_text = %s, error_code = %s, error_detail = %s,"
        f" worker_id = NULL, finished_at = %s WHERE {fence.HOLDS}",
        [(*_progress(entry), *_end_of(entry), now, *entry.key) for entry in entries],
    )


def _end_of(entry: AttemptWrite) -> tuple[str, str, str, str]:
    assert entry.finish
    finish = entry.finish
    return (
        finish.status.value,
        finish.output_text,
        finish.error_code,
        finish.error_detail,
    )
