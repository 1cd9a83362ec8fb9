"""Wait reasons: why a task is not running now."""

from dataclasses import dataclass
from typing import Any, Literal

from agentarium.db.compiled_query import count_rows
from agentarium.db.prepared_statements import prepared_cursor
from agentarium.tasks.limits import RunningLimit, find_reached_limit
from agentarium.tasks.models import AgentTask, ToolCall, Worker
from agentarium.tasks.models.queue_order import (
    IN_QUEUE_SQL,
    IS_AHEAD_SQL,
    ahead_values,
)

Reason = Literal[
    "not_due", "no_worker", "user_limit", "agent_limit", "queued", "person", "task"
]
# Positions in the queue are counted up to this.
MAX_POSITION = 1000
# Hand-written SQL: the ORM would take longer than the database.
_AHEAD = f"""SELECT COUNT(*) FROM (
    SELECT 1 FROM {AgentTask._meta.db_table}
    WHERE {IN_QUEUE_SQL} AND {IS_AHEAD_SQL}
    LIMIT {MAX_POSITION}
) AS ahead
"""  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a task waits; `position` is the number of tasks ahead, up to `MAX_POSITION`."""

    reason: Reason
    detail: str
    position: int | None = None

    def as_row(self) -> dict[str, Any]:
        """The JSON of `WaitSerializer`."""
        return {
            "reason": self.reason,
            "detail": self.detail,
            "position": self.position,
        }


def explain_wait(task: AgentTask) -> Wait | None:
    """Why `task` is pending or waiting; None if it is running or has ended."""
    if task.status == AgentTask.Status.WAITING:
        return _waiting(task)
    if task.status == AgentTask.Status.PENDING:
        return _pending(task)
    return None


def _waiting(task: AgentTask) -> Wait:
    kinds = set(task.tool_calls.waiting().values_list("waits_for", flat=True))
    if kinds <= {ToolCall.WaitsFor.TASK}:
        return Wait("task", "Waiting for another task to finish.")
    return Wait("person", "Waiting for a person to decide.")


def _pending(task: AgentTask) -> Wait:
    if not task.is_due:
        return Wait("not_due", f"Scheduled for {task.run_after}.")
    if not count_rows(Worker.objects.alive(), 1):
        return Wait("no_worker", "No worker is alive; the task starts when one is.")
    if limit := find_reached_limit(task):
        return _limited(limit)
    return _queued(task)


def _limited(limit: RunningLimit) -> Wait:
    if limit.column == "owner_id":
        detail = f"{limit.maximum} of your tasks are running, which is the limit."
        return Wait("user_limit", detail)
    detail = f"{limit.maximum} tasks of its agent are running, which is the limit."
    return Wait("agent_limit", detail)


def _queued(task: AgentTask) -> Wait:
    with prepared_cursor() as cursor:
        cursor.execute(_AHEAD, ahead_values(task))
        position = int(cursor.fetchone()[0])
    if position == 0:
        detail = "It is next in the queue."
    elif position == 1:
        detail = "1 task is ahead of it in the queue."
    else:
        more = "At least " if position == MAX_POSITION else ""
        detail = f"{more}{position} tasks are ahead of it in the queue."
    return Wait("queued", detail, position)
