"""What many threads want to write at about the same time is one transaction."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from django.db import IntegrityError, connection, transaction

from agentarium.db.sqlite_gate import sqlite_gate
from agentarium.db.threads import CONNECTION_ERRORS

T = TypeVar("T")
R = TypeVar("R")

MAX_BATCH = 200


class _Job(Generic[T, R]):
    def __init__(self, item: T) -> None:
        self.item = item
        self.outcome: R | Exception | None = None
        # Held until it is time to go on: a lock is the fastest signal there is.
        self._signal = threading.Lock()
        self._signal.acquire()

    def go_on(self) -> None:
        self._signal.release()

    def wait(self) -> None:
        with sqlite_gate.yield_while_waiting():
            self._signal.acquire()


class GroupCommit(Generic[T, R]):
    """Collects what comes while a commit is under way.

    A commit waits for the disk, and the next one waits for it. Whoever is next takes
    along all that has come until its transaction begins, so that under load a wait is
    shared, and alone nobody waits for anybody. There is no thread for it: one of the
    callers leads, and when its own is done, whoever waits longest.

    `write` takes items and gives an outcome for each; one that is an exception is
    raised where its item came from. If `write` itself raises, or the batch breaks a
    constraint, each item is written in a transaction of its own, so that one that cannot
    be written does not take others with it. Where the database goes away all of them
    have its error: after a commit that broke off some may be stored.
    """

    def __init__(self, write: Callable[[Sequence[T]], Sequence[R | Exception]]) -> None:
        self._write = write
        self._mutex = threading.Lock()
        self._waiting: deque[_Job[T, R]] = deque()
        self._is_led = False

    def run(self, item: T) -> R:
        """Have `item` written; it is committed when this returns.

        In a transaction of the caller's it is a part of that one.
        """
        job = _Job[T, R](item)
        if connection.in_atomic_block:
            self._do(deque([job]))
        else:
            if not self._join(job):
                job.wait()
            if job.outcome is None:
                # First in line, or woken before it was done: it is next to lead.
                self._lead(job)
        if isinstance(job.outcome, Exception):
            raise job.outcome
        assert job.outcome is not None
        return job.outcome

    def _join(self, job: _Job[T, R]) -> bool:
        """Get in line. Whether there was none, so that this one leads."""
        with self._mutex:
            self._waiting.append(job)
            leads, self._is_led = not self._is_led, True
            return leads

    def _lead(self, own: _Job[T, R]) -> None:
        """Do a batch that begins with one's own, and let the next one lead."""
        try:
            done = self._do(self._waiting)
        finally:
            with self._mutex:
                if self._waiting:
                    self._waiting[0].go_on()
                else:
                    self._is_led = False
        for job in done:
            if job is not own:
                job.go_on()

    def _do(self, waiting: deque[_Job[T, R]]) -> Sequence[_Job[T, R]]:
        """Take jobs that wait, and see to it that each has its outcome."""
        jobs: Sequence[_Job[T, R]] = ()
        outcomes: Sequence[R | Exception] = ()
        try:
            with transaction.atomic():
                # On SQLite this thread has waited for its turn to write until now.
                jobs = _take(waiting)
                outcomes = self._write([job.item for job in jobs])
        except Exception as error:  # noqa: BLE001 - it is raised where the item came from
            if len(jobs) > 1 and _is_undone(error, is_written=bool(outcomes)):
                for job in jobs:
                    self._do(deque([job]))
                return jobs
            jobs = jobs or _take(waiting)
            outcomes = [error] * len(jobs)
        for job, outcome in zip(jobs, outcomes, strict=True):
            job.outcome = outcome
        return jobs


def _is_undone(error: Exception, *, is_written: bool) -> bool:
    """Whether a batch that ended in an error is not stored, and may be written again.

    Of a commit that broke off nobody knows; and a database that is away would be waited
    for once for each job.
    """
    if is_written:
        return isinstance(error, IntegrityError)
    return not isinstance(error, CONNECTION_ERRORS)


def _take(waiting: deque[_Job[T, R]]) -> Sequence[_Job[T, R]]:
    return [waiting.popleft() for _ in range(min(len(waiting), MAX_BATCH))]
