"""Why a task does not run just now."""

from dataclasses import dataclass
from typing import Any, Literal

from agentarium.db.compiled_query import count_rows
from agentarium.db.prepared_statements import prepared_cursor
from agentarium.tasks.limits import RunningLimit, find_full
from agentarium.tasks.models import AgentTask, ToolCall, Worker
from agentarium.tasks.models.queue_order import (
    IN_QUEUE_SQL,
    IS_AHEAD_SQL,
    ahead_values,
)

Reason = Literal[
    "not_due", "no_worker", "user_limit", "agent_limit", "queued", "person", "task"
]
# As far as a place in the queue is counted.
COUNTED = 1000
# By hand: it takes Django longer than the database.
_AHEAD = f"""SELECT COUNT(*) FROM (
    SELECT 1 FROM {AgentTask._meta.db_table}
    WHERE {IN_QUEUE_SQL} AND {IS_AHEAD_SQL}
    LIMIT {COUNTED}
) AS ahead
"""  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a task waits; `position` is how many are before it, up to `COUNTED`."""

    reason: Reason
    detail: str
    position: int | None = None

    def as_row(self) -> dict[str, Any]:
        """As `WaitSerializer` describes it."""
        return {
            "reason": self.reason,
            "detail": self.detail,
            "position": self.position,
        }


def explain_wait(task: AgentTask) -> Wait | None:
    """Why `task` is pending or waiting; None for one that runs or has ended."""
    if task.status == AgentTask.Status.WAITING:
        return _waiting(task)
    if task.status == AgentTask.Status.PENDING:
        return _pending(task)
    return None


def _waiting(task: AgentTask) -> Wait:
    kinds = set(task.tool_calls.waiting().values_list("waits_for", flat=True))
    if kinds <= {ToolCall.WaitsFor.TASK}:
        return Wait("task", "It waits for a task that it has called.")
    return Wait("person", "It waits for somebody's word: see its approvals.")


def _pending(task: AgentTask) -> Wait:
    if not task.is_due:
        return Wait("not_due", f"It is not to be begun before {task.run_after}.")
    if not count_rows(Worker.objects.alive(), 1):
        return Wait("no_worker", "No worker is alive; it runs as soon as one is.")
    if limit := find_full(task):
        return _limited(limit)
    return _queued(task)


def _limited(limit: RunningLimit) -> Wait:
    if limit.column == "owner_id":
        detail = f"{limit.most} of your tasks run, which is the limit."
        return Wait("user_limit", detail)
    return Wait("agent_limit", f"{limit.most} of its agent's run, which is the limit.")


def _queued(task: AgentTask) -> Wait:
    with prepared_cursor() as cursor:
        cursor.execute(_AHEAD, ahead_values(task))
        position = int(cursor.fetchone()[0])
    more = "at least " if position == COUNTED else ""
    return Wait("queued", f"Before it are {more}{position} tasks.", position)
