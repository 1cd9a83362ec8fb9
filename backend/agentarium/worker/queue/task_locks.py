"""Locks the rows of tasks in one order."""

from agentarium.tasks.models import AgentTask, TaskQuerySet
from agentarium.tasks.services import TOTALS


def lock_tasks(
    tasks: TaskQuerySet, *, skip_locked: bool = True, limit: int | None = None
) -> list[AgentTask]:
    """The rows, locked in one order; those that somebody else decides on are left.

    Not where nobody else would come back to them: a live worker has to see to its own.
    """
    columns = tasks.only(
        "id",
        "owner_id",
        "status",
        "attempt",
        "lost_attempts",
        "priority",
        *TOTALS,
    ).order_by("id")
    return list(columns.select_for_update(skip_locked=skip_locked, no_key=True)[:limit])
