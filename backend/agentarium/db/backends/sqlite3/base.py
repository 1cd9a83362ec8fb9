"""Django's SQLite backend, for a process in which many threads write.

SQLite allows one writer at a time. The others sleep and retry, with growing delays and
in no order, so that under load a writer may starve for many seconds. A worker that
cannot renew its lease for that long loses it, and its tasks run again. Here a FIFO lock
orders the writers of one process. Between processes SQLite's own lock still decides.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.db.backends.sqlite3 import base
from django.db.backends.sqlite3.operations import DatabaseOperations
from django.db.utils import OperationalError

from agentarium.db.fifo_lock import FifoLock
from agentarium.db.sqlite_gate import sqlite_gate

_WRITES = ("INSERT", "UPDATE", "DELETE")
_write_locks: dict[str, FifoLock] = defaultdict(FifoLock)
_write_locks_mutex = threading.Lock()


class _Operations(DatabaseOperations):
    def convert_datetimefield_value(
        self, value: Any, expression: Any, connection: Any
    ) -> Any:
        # Times are stored in UTC. Django would look up the time zone in the settings
        # and the connection for each value of each row.
        if value is None:
            return None
        if isinstance(value, datetime) and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return super().convert_datetimefield_value(value, expression, connection)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that holds the process's write lock during its transactions."""

    ops_class = _Operations
    _holds_lock = False

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        with _write_locks_mutex:
            self._write_lock = _write_locks[str(conn_params["database"])]
        self._timeout = conn_params["timeout"]
        return super().get_new_connection(conn_params)

    def create_cursor(self, name: Any = None) -> Any:
        assert self.connection is not None
        cursor = self.connection.cursor(factory=_Cursor)
        cursor.wrapper = self
        return cursor

    def prepared_cursor(self) -> Any:
        """An ordinary cursor: the driver caches the prepared statements of all."""
        return self.cursor()

    @contextmanager
    def hold_write_lock(self) -> Iterator[None]:
        """Be the only writer of this process. Raises `OperationalError` on timeout."""
        self._acquire_lock()
        try:
            yield
        finally:
            self._release_lock()

    def _acquire_lock(self) -> None:
        with sqlite_gate.yield_while_waiting():
            is_acquired = self._write_lock.acquire(self._timeout)
        if not is_acquired:
            raise OperationalError("database is locked")
        self._holds_lock = True

    def _release_lock(self) -> None:
        if self._holds_lock:
            self._holds_lock = False
            self._write_lock.release()

    def _start_transaction_under_autocommit(self) -> None:
        self.ensure_connection()
        self._acquire_lock()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._release_lock()
            raise

    def _commit(self) -> None:
        with sqlite_gate.yield_while_waiting():
            super()._commit()  # type: ignore[misc]
            self._release_lock()

    def _rollback(self) -> None:
        super()._rollback()  # type: ignore[misc]
        self._release_lock()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._release_lock()


class _Cursor(base.SQLiteCursorWrapper):
    """Runs a write outside of a transaction under the write lock, too."""

    wrapper: DatabaseWrapper

    def execute(self, query: str, params: Any = None) -> Any:
        return self._run_locked(super().execute, query, params)

    def executemany(self, query: str, param_list: Any) -> Any:
        return self._run_locked(super().executemany, query, param_list)

    def _run_locked(self, run: Callable[..., Any], query: str, params: Any) -> Any:
        if self.connection.in_transaction or not query.startswith(_WRITES):
            return run(query, params)
        # Such a statement commits, and so waits for the disk.
        with sqlite_gate.yield_while_waiting(), self.wrapper.hold_write_lock():
            return run(query, params)
