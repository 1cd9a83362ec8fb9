"""How a claim keeps to the limits of running tasks."""

from collections.abc import Hashable, Sequence

from django.db.models import Count

from agentarium.db.bulk_insert import placeholders
from agentarium.db.locks import lock_decision
from agentarium.tasks.limits import Room, running_limits
from agentarium.tasks.models import AgentTask

CLAIMING = 0x61677432
_TABLE = AgentTask._meta.db_table


def _running(column: str) -> dict[int, int]:
    running = AgentTask.objects.filter(status=AgentTask.Status.RUNNING).order_by()
    return dict(running.values_list(column).annotate(Count("id")))


def exclude_full() -> tuple[str, list[int]]:
    """SQL, and its values, that leaves out whoever has as many running as may be.

    Where there are limits, workers claim one after the other, so that two of them
    cannot fill the same place.
    """
    excluded, values = "", []
    for column, most in running_limits():
        lock_decision(CLAIMING)
        full = [key for key, count in _running(column).items() if count >= most]
        if full:
            excluded += f" AND {_TABLE}.{column} NOT IN {placeholders(full)}"
            values += full
    return excluded, values


def within_limits(tasks: Sequence[AgentTask]) -> list[AgentTask]:
    """Those of `tasks`, in order, that there is still room for."""
    limits = running_limits()
    taken: dict[Hashable, int] = {
        (column, key): count
        for column, _ in limits
        for key, count in _running(column).items()
    }
    room = Room(taken)
    return [
        task
        for task in tasks
        if room.take(
            [((column, getattr(task, column)), most) for column, most in limits]
        )
        is None
    ]
