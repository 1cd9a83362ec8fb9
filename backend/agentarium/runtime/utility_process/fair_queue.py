"""A queue that is fair between owners by the time that their jobs use."""

import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from agentarium.runtime.utility_process.used_time import UsedTime

JobT = TypeVar("JobT")


class FairQueue(Generic[JobT]):
    """Jobs for `places` that run one each. Not thread-safe.

    First come the jobs of the owner who has used the least time lately; an owner has at
    most one job running. Owners who have used more than `share` seconds leave one place
    to the others, however many they are.
    """

    def __init__(
        self,
        places: int,
        *,
        share: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._places_over_share = max(1, places - 1)
        self._share = share
        self._clock = clock
        self._used = UsedTime(clock)
        # The order of the owners is that of their turns, if they have used as much.
        self._waiting: dict[int, deque[JobT]] = {}
        # Owner -> when the job began.
        self._running: dict[int, float] = {}

    def put(self, owner: int, job: JobT) -> None:
        self._waiting.setdefault(owner, deque()).append(job)

    @property
    def ready_owners(self) -> int:
        """How many owners have a job that may run now."""
        over = sum(map(self._is_over_share, owners := self._free_owners()))
        return len(owners) - over + min(over, self._free_over_share)

    def take(self) -> JobT | None:
        """Take the next job that may run now. `done` has to follow."""
        # The first of those who have used the least.
        owner = min(self._free_owners(), key=self._used.of, default=None)
        if owner is None or (self._is_over_share(owner) and self._free_over_share <= 0):
            return None
        jobs = self._waiting.pop(owner)
        job = jobs.popleft()
        if jobs:
            # To the end: the others come first now.
            self._waiting[owner] = jobs
        self._running[owner] = self._clock()
        return job

    def clear(self) -> list[JobT]:
        """Remove all jobs that are not running."""
        jobs = [job for waiting in self._waiting.values() for job in waiting]
        self._waiting.clear()
        return jobs

    def done(self, owner: int, seconds: float) -> None:
        """End the owner's job, which has used so many seconds of a processor."""
        del self._running[owner]
        self._used.add(owner, seconds)

    @property
    def _free_over_share(self) -> int:
        return self._places_over_share - sum(map(self._is_over_share, self._running))

    def _free_owners(self) -> list[int]:
        return [owner for owner in self._waiting if owner not in self._running]

    def _is_over_share(self, owner: int) -> bool:
        used = self._used.of(owner)
        if owner in self._running:
            used += self._clock() - self._running[owner]
        return used > self._share
