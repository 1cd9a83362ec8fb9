"""Django's SQLite backend, for a process in which many threads write.

SQLite has one writer at a time. The others sleep and try again, ever longer and in no
order, so that under load one may starve for many seconds: a lease that was not renewed
for so long is lost, and its tasks are done again. Here the writers of one process take
turns, in order; writers of other processes meet SQLite's own lock, as ever.
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
_turns: dict[str, FifoLock] = defaultdict(FifoLock)
_mutex = threading.Lock()


class _Operations(DatabaseOperations):
    def convert_datetimefield_value(
        self, value: Any, expression: Any, connection: Any
    ) -> Any:
        # Times are stored in UTC. Django asks the settings and the connection for the
        # time zone, at each value of each row of a list.
        if value is None:
            return None
        if isinstance(value, datetime) and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return super().convert_datetimefield_value(value, expression, connection)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that has the turn for as long as its transaction lasts."""

    ops_class = _Operations
    _has_turn = False

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        with _mutex:
            self._turns = _turns[str(conn_params["database"])]
        self._patience = conn_params["timeout"]
        return super().get_new_connection(conn_params)

    def create_cursor(self, name: Any = None) -> Any:
        assert self.connection is not None
        cursor = self.connection.cursor(factory=_Cursor)
        cursor.wrapper = self
        return cursor

    def prepared_cursor(self) -> Any:
        """The driver keeps what it has prepared, of any cursor."""
        return self.cursor()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Be the only writer of this process."""
        self._take()
        try:
            yield
        finally:
            self._give()

    def _take(self) -> None:
        with sqlite_gate.yield_while_waiting():
            has_turn = self._turns.take(self._patience)
        if not has_turn:
            raise OperationalError("database is locked")
        self._has_turn = True

    def _give(self) -> None:
        if self._has_turn:
            self._has_turn = False
            self._turns.give()

    def _start_transaction_under_autocommit(self) -> None:
        self.ensure_connection()
        self._take()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._give()
            raise

    def _commit(self) -> None:
        with sqlite_gate.yield_while_waiting():
            super()._commit()  # type: ignore[misc]
            self._give()

    def _rollback(self) -> None:
        super()._rollback()  # type: ignore[misc]
        self._give()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._give()


class _Cursor(base.SQLiteCursorWrapper):
    """A statement that writes outside of a transaction is one of its own."""

    wrapper: DatabaseWrapper

    def execute(self, query: str, params: Any = None) -> Any:
        return self._in_turn(super().execute, query, params)

    def executemany(self, query: str, param_list: Any) -> Any:
        return self._in_turn(super().executemany, query, param_list)

    def _in_turn(self, run: Callable[..., Any], query: str, params: Any) -> Any:
        if self.connection.in_transaction or not query.startswith(_WRITES):
            return run(query, params)
        # It waits for the disk, too.
        with sqlite_gate.yield_while_waiting(), self.wrapper.turn():
            return run(query, params)
