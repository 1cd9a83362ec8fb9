"""A queue that is fair between owners."""

from collections import deque
from typing import Generic, TypeVar

JobT = TypeVar("JobT")


class FairQueue(Generic[JobT]):
    """Jobs of owners who take turns. Not thread-safe.

    Each owner has at most `max_running` jobs running, however many others wait.
    """

    def __init__(self, max_running: int) -> None:
        self._max_running = max_running
        self._waiting: dict[int, deque[JobT]] = {}
        self._running: dict[int, int] = {}

    def put(self, owner: int, job: JobT) -> None:
        self._waiting.setdefault(owner, deque()).append(job)

    @property
    def ready_owners(self) -> int:
        """How many owners have a job that may run now."""
        return sum(map(self._may_run, self._waiting))

    def take(self) -> JobT | None:
        """Take the next job that may run now. `done` has to follow."""
        for owner, jobs in self._waiting.items():
            if self._may_run(owner):
                job = jobs.popleft()
                self._running[owner] = self._running.get(owner, 0) + 1
                # To the end: the others come first now.
                del self._waiting[owner]
                if jobs:
                    self._waiting[owner] = jobs
                return job
        return None

    def clear(self) -> list[JobT]:
        """Remove all jobs that are not running."""
        jobs = [job for waiting in self._waiting.values() for job in waiting]
        self._waiting.clear()
        return jobs

    def done(self, owner: int) -> None:
        self._running[owner] -= 1
        if not self._running[owner]:
            del self._running[owner]

    def _may_run(self, owner: int) -> bool:
        return self._running.get(owner, 0) < self._max_running
