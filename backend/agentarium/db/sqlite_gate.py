"""The SQLite gate: one thread at a time works with a database that is a file.

SQLite's driver releases the GIL for each row, and another thread takes it: eight threads
that served requests spent more time on passing the GIL around than on the requests (a
page of tasks took 12 ms of CPU time instead of 5). So a thread serves a request, or does
a worker's database work, when the thread before it has finished or is waiting: for the
disk, for the write lock, for another server.
"""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from django.db import connection

from agentarium.db.fifo_lock import FifoLock

# A thread that has waited this long passes anyway, so that a request that hangs does not
# block the others. The wait begins at the end of the line: under full load the last
# threads may run concurrently with others.
MAX_WAIT_SECONDS = 0.1


class SqliteGate:
    """A FIFO lock that its holder yields while it waits, and that blocks no one for long."""

    def __init__(self) -> None:
        self._lock = FifoLock()
        self._local = threading.local()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Run alone. Not reentrant: a nested call would wait for its own end."""
        assert not self._is_inside
        self._enter()
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def yield_while_waiting(self) -> Iterator[None]:
        """Let others run while this thread waits. Does nothing if it is not inside."""
        if self._leave():
            try:
                yield
            finally:
                self._enter()
        else:
            yield

    def _enter(self) -> None:
        self._local.is_inside = self._lock.acquire(MAX_WAIT_SECONDS)

    @property
    def _is_inside(self) -> bool:
        return getattr(self._local, "is_inside", False)

    def _leave(self) -> bool:
        was_inside = self._is_inside
        if was_inside:
            self._local.is_inside = False
            self._lock.release()
        return was_inside


sqlite_gate = SqliteGate()


def hold_sqlite_gate() -> AbstractContextManager[None]:
    """Pass the gate if the database is SQLite; on PostgreSQL there is none."""
    return sqlite_gate.hold() if connection.vendor == "sqlite" else nullcontext()
