"""How many tasks of one user, and of one agent, may run at once."""

from collections import Counter
from collections.abc import Sequence

from django.conf import settings
from django.db.models import Count

from agentarium.core.locks import lock_decision
from agentarium.core.rows import places
from agentarium.tasks.models import AgentTask

CLAIMING = 0x61677432
_TABLE = AgentTask._meta.db_table


def _limits() -> dict[str, int]:
    limits = {
        "owner_id": settings.MAX_RUNNING_PER_USER,
        "agent_id": settings.MAX_RUNNING_PER_AGENT,
    }
    return {column: limit for column, limit in limits.items() if limit}


def _running(column: str) -> dict[int, int]:
    running = AgentTask.objects.filter(status=AgentTask.Status.RUNNING).order_by()
    return dict(running.values_list(column).annotate(Count("id")))


def exclude_full() -> tuple[str, list[int]]:
    """SQL, and its values, that leaves out whoever has as many running as may be.

    Where there are limits, workers claim one after the other, so that two of them
    cannot fill the same place.
    """
    excluded, values = "", []
    for column, limit in _limits().items():
        lock_decision(CLAIMING)
        full = [key for key, count in _running(column).items() if count >= limit]
        if full:
            excluded += f" AND {_TABLE}.{column} NOT IN {places(full)}"
            values += full
    return excluded, values


def within_limits(tasks: Sequence[AgentTask]) -> list[AgentTask]:
    """Those of `tasks`, in order, that there is still room for."""
    limits = _limits()
    if not limits:
        return list(tasks)
    counts = {column: Counter(_running(column)) for column in limits}
    kept = []
    for task in tasks:
        keys = {column: getattr(task, column) for column in limits}
        if all(counts[column][keys[column]] < limits[column] for column in limits):
            kept.append(task)
            for column in limits:
                counts[column][keys[column]] += 1
    return kept
