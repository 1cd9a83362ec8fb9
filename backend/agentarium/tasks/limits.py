"""Limits on the number of tasks per user and per agent. 0 means no limit."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.conf import settings

from agentarium.accounts.models import QuotaLimits
from agentarium.accounts.quotas import Quota, register_quota
from agentarium.db.prepared_statements import prepared_cursor
from agentarium.tasks.models import AgentTask

_TABLE = AgentTask._meta.db_table
_OWN_LIMIT = (
    f"SELECT running_tasks FROM {QuotaLimits._meta.db_table} WHERE user_id = %s"  # noqa: S608
)


def _count_running(owner_id: int) -> int:
    running = AgentTask.objects.filter(status=AgentTask.Status.RUNNING)
    return running.filter(owner=owner_id).count()


# More tasks are accepted, and wait in the queue.
RUNNING_TASKS = register_quota(
    Quota(
        name="running_tasks",
        label="running tasks",
        advice="Wait until some have finished",
        default=lambda: settings.MAX_RUNNING_PER_USER,
        count_used=_count_running,
    )
)


class RunningLimit(NamedTuple):
    """The maximum number of running tasks with the same value in `column`."""

    column: str
    maximum: int


@dataclass(frozen=True, slots=True)
class RunningLimits:
    """The maximum for each value of a column; 0 is no limit."""

    column: str
    default: int
    own: Mapping[int, int] = field(default_factory=dict)

    def of(self, key: int) -> int:
        return self.own.get(key, self.default)


def running_limits() -> list[RunningLimits]:
    """The limits that are set: per owner, then per agent."""
    own: Any = QuotaLimits.objects.filter(running_tasks__isnull=False)
    limits = [
        RunningLimits(
            "owner_id",
            settings.MAX_RUNNING_PER_USER,
            dict(own.values_list("user", "running_tasks")),
        ),
        RunningLimits("agent_id", settings.MAX_RUNNING_PER_AGENT),
    ]
    return [limit for limit in limits if limit.default or limit.own]


def find_reached_limit(task: AgentTask) -> RunningLimit | None:
    """The running limit that keeps a task from starting now, if any."""
    limits = [
        RunningLimit("owner_id", _limit_of_owner(task.owner_id)),
        RunningLimit("agent_id", settings.MAX_RUNNING_PER_AGENT),
    ]
    for limit in limits:
        if limit.maximum and _is_reached(limit, getattr(task, limit.column)):
            return limit
    return None


def _limit_of_owner(owner_id: int) -> int:
    with prepared_cursor() as cursor:
        cursor.execute(_OWN_LIMIT, [owner_id])
        row = cursor.fetchone()
    own: int | None = row and row[0]
    return settings.MAX_RUNNING_PER_USER if own is None else own


def _is_reached(limit: RunningLimit, key: int) -> bool:
    with prepared_cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM {_TABLE} WHERE status = 'running' AND {limit.column} = %s"  # noqa: S608
            " LIMIT 1 OFFSET %s",
            [key, limit.maximum - 1],
        )
        return cursor.fetchone() is not None


class LimitCounter:
    """Counts tasks against limits; one task may count under several keys.

    `counts` is the number of tasks that already exist, by key.
    """

    def __init__(self, counts: Mapping[Hashable, int]) -> None:
        self._counts = dict(counts)

    def try_add(self, limits: Sequence[tuple[Hashable, int]]) -> int | None:
        """Count one task under each key of the (key, limit) pairs.

        Returns the first limit that is already reached; the task is not counted then.
        """
        for key, limit in limits:
            if limit and self._counts.get(key, 0) >= limit:
                return limit
        for key, _ in limits:
            self._counts[key] = self._counts.get(key, 0) + 1
        return None
