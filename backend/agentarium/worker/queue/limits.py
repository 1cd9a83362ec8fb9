"""The limits of running tasks per user and per agent, as a claim applies them."""

from collections.abc import Hashable, Sequence

from django.db.models import Count

from agentarium.db.bulk_insert import placeholders
from agentarium.db.locks import lock_decision
from agentarium.tasks.limits import LimitCounter, RunningLimits, running_limits
from agentarium.tasks.models import AgentTask

# Key of the advisory lock under which workers claim one after the other.
CLAIM_LOCK = 0x61677432
_TABLE = AgentTask._meta.db_table


def _count_running(column: str) -> dict[int, int]:
    running = AgentTask.objects.filter(status=AgentTask.Status.RUNNING).order_by()
    return dict(running.values_list(column).annotate(Count("id")))


def exclude_at_limit() -> tuple[str, list[int]]:
    """An SQL condition that excludes users and agents at their limit, and its values.

    If there are limits, it also takes the lock that makes workers claim one after the
    other, so that two of them cannot take the same slot.
    """
    excluded, values = "", []
    for limit in running_limits():
        column = limit.column
        lock_decision(CLAIM_LOCK)
        full = [
            key
            for key, count in _count_running(column).items()
            if 0 < limit.of(key) <= count
        ]
        if full:
            excluded += f" AND {_TABLE}.{column} NOT IN {placeholders(full)}"
            values += full
    return excluded, values


def within_limits(tasks: Sequence[AgentTask]) -> list[AgentTask]:
    """The tasks, in order, that fit into the limits together."""
    limits = running_limits()
    running: dict[Hashable, int] = {
        (limit.column, key): count
        for limit in limits
        for key, count in _count_running(limit.column).items()
    }
    counter = LimitCounter(running)
    return [
        task
        for task in tasks
        if counter.try_add([_counted(task, limit) for limit in limits]) is None
    ]


def _counted(task: AgentTask, limit: RunningLimits) -> tuple[Hashable, int]:
    """What the task counts under, and how many may."""
    key = getattr(task, limit.column)
    return (limit.column, key), limit.of(key)
