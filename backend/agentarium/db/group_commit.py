"""Group commit: concurrent writes of many threads share one transaction."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from django.db import IntegrityError, connection, transaction

from agentarium.db.sqlite_gate import sqlite_gate
from agentarium.db.threads import CONNECTION_ERRORS
from agentarium.db.transactions import is_conflict

T = TypeVar("T")
R = TypeVar("R")

MAX_BATCH = 200
# PostgreSQL's codes of a lock and of a statement that took too long.
TIMEOUTS = frozenset({"55P03", "57014"})


class _PendingWrite(Generic[T, R]):
    def __init__(self, item: T) -> None:
        self.item = item
        self.outcome: R | Exception | None = None
        # A held lock is the fastest signal there is: `wake` releases it.
        self._signal = threading.Lock()
        self._signal.acquire()

    def wake(self) -> None:
        self._signal.release()

    def wait(self) -> None:
        with sqlite_gate.yield_while_waiting():
            self._signal.acquire()


class GroupCommit(Generic[T, R]):
    """Collects the items that arrive while a commit is in progress.

    A commit waits for the disk, and the next commit waits for that one. The next
    transaction takes all items that have arrived before it begins, so that threads share
    a wait under load, and a single thread never waits for another. There is no extra
    thread: one of the callers leads, and then the one that has waited longest.

    `write` takes items and returns an outcome for each. An outcome that is an exception
    is raised in the thread that passed the item. If `write` itself raises, or the batch
    violates a constraint, each item is written in its own transaction, so that a bad item
    fails alone. If the connection is lost, all items of the batch get that error: the
    commit may have succeeded. If it waited too long for a lock, all that wait get that error.
    """

    def __init__(self, write: Callable[[Sequence[T]], Sequence[R | Exception]]) -> None:
        self._write = write
        self._mutex = threading.Lock()
        self._waiting: deque[_PendingWrite[T, R]] = deque()
        self._is_led = False

    def run(self, item: T) -> R:
        """Write `item`. It is committed when this returns.

        Inside a transaction of the caller it is a part of that transaction.
        """
        pending = _PendingWrite[T, R](item)
        if connection.in_atomic_block:
            self._write_batch(deque([pending]))
        else:
            if not self._join(pending):
                pending.wait()
            if pending.outcome is None:
                # It is first in line, or was woken without an outcome: it leads next.
                self._lead(pending)
        if isinstance(pending.outcome, Exception):
            raise pending.outcome
        assert pending.outcome is not None
        return pending.outcome

    def _join(self, pending: _PendingWrite[T, R]) -> bool:
        """Get in line. Returns whether no one leads yet, so that the caller must."""
        with self._mutex:
            self._waiting.append(pending)
            leads, self._is_led = not self._is_led, True
            return leads

    def _lead(self, own: _PendingWrite[T, R]) -> None:
        """Write a batch that begins with the caller's item, and pass on the lead."""
        try:
            done = self._write_batch(self._waiting)
        finally:
            with self._mutex:
                if self._waiting:
                    self._waiting[0].wake()
                else:
                    self._is_led = False
        for pending in done:
            if pending is not own:
                pending.wake()

    def _write_batch(
        self, waiting: deque[_PendingWrite[T, R]]
    ) -> Sequence[_PendingWrite[T, R]]:
        """Take writes off the queue, run them and set the outcome of each."""
        batch: Sequence[_PendingWrite[T, R]] = ()
        outcomes: Sequence[R | Exception] = ()
        try:
            with transaction.atomic():
                # Only now: on SQLite this thread waited for the write lock.
                batch = _take(waiting)
                outcomes = self._write([pending.item for pending in batch])
        except Exception as error:  # noqa: BLE001 - it is raised in the callers' threads
            if len(batch) > 1 and _may_write_again(error, is_written=bool(outcomes)):
                for pending in batch:
                    self._write_batch(deque([pending]))
                return batch
            batch = batch or _take(waiting)
            if _has_timed_out(error):
                # All that wait now would wait for the same lock, one batch after another.
                batch = [*batch, *_take(waiting, len(waiting))]
            outcomes = [error] * len(batch)
        for pending, outcome in zip(batch, outcomes, strict=True):
            pending.outcome = outcome
        return batch


def _may_write_again(error: Exception, *, is_written: bool) -> bool:
    """Whether a failed batch is certainly not stored, so that it can be written again.

    A commit that lost its connection may have succeeded. While the database is away,
    every item would wait for it again.
    """
    if is_conflict(error):
        return True
    if is_written:
        return isinstance(error, IntegrityError)
    return not isinstance(error, CONNECTION_ERRORS)


def _has_timed_out(error: Exception) -> bool:
    """Whether PostgreSQL ended a statement at one of the limits of `request_limits`."""
    return getattr(error.__cause__, "sqlstate", None) in TIMEOUTS


def _take(
    waiting: deque[_PendingWrite[T, R]], most: int = MAX_BATCH
) -> Sequence[_PendingWrite[T, R]]:
    return [waiting.popleft() for _ in range(min(len(waiting), most))]
