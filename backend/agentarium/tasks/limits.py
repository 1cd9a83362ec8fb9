"""Limits on the number of tasks per user and per agent. 0 means no limit."""

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from django.conf import settings

from agentarium.tasks.models import AgentTask


class RunningLimit(NamedTuple):
    """The maximum number of running tasks with the same value in `column`."""

    column: str
    maximum: int


def running_limits() -> list[RunningLimit]:
    """The limits that are set: per owner, then per agent."""
    limits = [
        RunningLimit("owner_id", settings.MAX_RUNNING_PER_USER),
        RunningLimit("agent_id", settings.MAX_RUNNING_PER_AGENT),
    ]
    return [limit for limit in limits if limit.maximum]


def find_reached_limit(task: AgentTask) -> RunningLimit | None:
    """The running limit that keeps a task from starting now, if any."""
    running = AgentTask.objects.filter(status=AgentTask.Status.RUNNING)
    for limit in running_limits():
        same = running.filter(**{limit.column: getattr(task, limit.column)})
        if same[limit.maximum - 1 : limit.maximum].exists():
            return limit
    return None


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
