"""Locks the rows of tasks, always in the same order."""

from agentarium.tasks.models import AgentTask, TaskQuerySet
from agentarium.tasks.services import INTERRUPTED_COLUMNS


def lock_tasks(
    tasks: TaskQuerySet, *, skip_locked: bool = True, limit: int | None = None
) -> list[AgentTask]:
    """Lock up to `limit` tasks by ascending id, and load what ending them needs.

    Skips rows that another transaction has locked, unless `skip_locked` is False: a live
    worker must wait for its own tasks, since no other worker would release them.
    """
    columns = tasks.only(
        "status",
        "lost_attempts",
        "priority",
        *INTERRUPTED_COLUMNS,
    ).order_by("id")
    return list(columns.select_for_update(skip_locked=skip_locked, no_key=True)[:limit])
