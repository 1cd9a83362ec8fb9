"""What many threads want to write at about the same time is one transaction."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from django.db import connection

from agentarium.core.turnstile import turnstile

T = TypeVar("T")
R = TypeVar("R")

MAX_BATCH = 200


class _Job(Generic[T, R]):
    def __init__(self, item: T) -> None:
        self.item = item
        self.outcome: R | Exception | None = None


class GroupCommit(Generic[T, R]):
    """Collects what comes while a commit is under way.

    A commit waits for the disk, and the next one waits for it. Whoever is next takes
    along all that has come until then, so that under load a wait is shared, and alone
    nobody waits for anybody. There is no thread for it: one of the callers does it.

    `write` takes items and gives an outcome for each; one that is an exception is
    raised where its item came from. If `write` itself raises, each item of the batch is
    written alone, so that one that cannot be written does not take others with it.
    """

    def __init__(self, write: Callable[[Sequence[T]], Sequence[R | Exception]]) -> None:
        self._write = write
        self._waiting: deque[_Job[T, R]] = deque()
        self._turn = threading.Lock()

    def run(self, item: T) -> R:
        """Have `item` written; it is committed when this returns.

        In a transaction of the caller's it is a part of that one.
        """
        job = _Job[T, R](item)
        if connection.in_atomic_block:
            self._do([job])
        else:
            self._waiting.append(job)
            with turnstile.aside():
                self._turn.acquire()
            try:
                # Whoever had the turn before may have done ours.
                while job.outcome is None:
                    self._do_batch()
            finally:
                self._turn.release()
        if isinstance(job.outcome, Exception):
            raise job.outcome
        assert job.outcome is not None
        return job.outcome

    def _do_batch(self) -> None:
        size = min(len(self._waiting), MAX_BATCH)
        self._do([self._waiting.popleft() for _ in range(size)])

    def _do(self, jobs: Sequence[_Job[T, R]]) -> None:
        try:
            outcomes = self._write([job.item for job in jobs])
        except Exception as error:  # noqa: BLE001 - it is raised where the item came from
            if len(jobs) == 1:
                jobs[0].outcome = error
                return
            for job in jobs:
                self._do([job])
            return
        for job, outcome in zip(jobs, outcomes, strict=True):
            job.outcome = outcome
