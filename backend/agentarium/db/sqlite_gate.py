"""One thread at a time works with a database that is a file.

SQLite's driver lets go of the interpreter's lock for each row, and whoever else wants to
run takes it then: eight threads that answer requests spent more time on handing the lock
around than on the requests (a page of tasks took 12 ms of CPU instead of 5). So a
request is answered, or a worker's work done, when the one before is over, or waits for
something: for the disk, for its turn to write, for another server.
"""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from django.db import connection

from agentarium.db.fifo_lock import FifoLock

# Whoever has waited for so long goes through all the same: one request that waits for
# something unforeseen must not keep the others from being answered. It counts from the
# end of the line, so that under full load the last ones may run beside others.
PATIENCE_SECONDS = 0.1


class SqliteGate:
    """FifoLock that are given away while their holder waits, and that nobody can hold up."""

    def __init__(self) -> None:
        self._turns = FifoLock()
        self._local = threading.local()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Run as the only one. Not within itself: it would wait for its own end."""
        assert not self._is_in
        self._enter()
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def yield_while_waiting(self) -> Iterator[None]:
        """Let others run while this thread waits. Nothing to do for any other thread."""
        if self._leave():
            try:
                yield
            finally:
                self._enter()
        else:
            yield

    def _enter(self) -> None:
        self._local.is_in = self._turns.take(PATIENCE_SECONDS)

    @property
    def _is_in(self) -> bool:
        return getattr(self._local, "is_in", False)

    def _leave(self) -> bool:
        was_in = self._is_in
        if was_in:
            self._local.is_in = False
            self._turns.give()
        return was_in


sqlite_gate = SqliteGate()


def hold_sqlite_gate() -> AbstractContextManager[None]:
    """Pass the sqlite_gate, if the database is a file."""
    return sqlite_gate.hold() if connection.vendor == "sqlite" else nullcontext()
