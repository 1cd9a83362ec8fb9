"""How many tasks there may be: of a user, and of an agent. A limit of 0 is none."""

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from django.conf import settings

from agentarium.tasks.models import AgentTask


class RunningLimit(NamedTuple):
    """How many tasks may run that have the same value in a column."""

    column: str
    most: int


def running_limits() -> list[RunningLimit]:
    """Those that are set: of one owner, then of one agent."""
    limits = [
        RunningLimit("owner_id", settings.MAX_RUNNING_PER_USER),
        RunningLimit("agent_id", settings.MAX_RUNNING_PER_AGENT),
    ]
    return [limit for limit in limits if limit.most]


def find_full(task: AgentTask) -> RunningLimit | None:
    """The limit that keeps a task from running now, if any."""
    running = AgentTask.objects.filter(status=AgentTask.Status.RUNNING)
    for limit in running_limits():
        alike = running.filter(**{limit.column: getattr(task, limit.column)})
        if alike[limit.most - 1 : limit.most].exists():
            return limit
    return None


class Room:
    """How many more tasks there is room for, where each counts under several keys.

    `taken` says how many there are already, by key.
    """

    def __init__(self, taken: Mapping[Hashable, int]) -> None:
        self._taken = dict(taken)

    def take(self, limits: Sequence[tuple[Hashable, int]]) -> int | None:
        """Take the room for one task under (key, limit) pairs.

        Returns the limit that leaves none; then nothing is taken.
        """
        for key, limit in limits:
            if limit and self._taken.get(key, 0) >= limit:
                return limit
        for key, _ in limits:
            self._taken[key] = self._taken.get(key, 0) + 1
        return None
