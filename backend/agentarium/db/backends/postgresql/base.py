"""Django's PostgreSQL backend, with connections that are checked before use.

A server that was restarted has closed the connections in the pool. Django's own check
queries the server each time: one more round trip for each request and each database
call of a worker. A hang-up is visible without that: an idle connection has data to read.

It also has cursors for prepared statements. Django's own cursors put the values into
each statement; with these the server parses and plans a statement once for a
connection, see `db/prepared_statements.py`.

What a session of PostgreSQL keeps is not used if a pooler shares sessions (`db/pooler.py`).

The pool's connections limit how long they wait for the server (`connection.py`). When one
was found silent, those that were opened before are replaced, not tried one after another.
"""

import select
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg import OperationalError
from psycopg_pool import ConnectionPool

from agentarium.db.answer_limit import answers_within
from agentarium.db.backends.postgresql.connection import LimitedConnection
from agentarium.db.backends.postgresql.pooler_probe import find_pooler_once
from agentarium.db.pooler import Pooler, pooler
from agentarium.db.request_limits import UNLIMITED, Limits, limits_of_thread

# For the settings of a new connection.
CONFIGURE_SECONDS = 5.0


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(
        self, settings_dict: dict[str, Any], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(settings_dict, *args, **kwargs)
        if pool := settings_dict["OPTIONS"].get("pool"):
            pool["connection_class"] = LimitedConnection

    def _configure_connection(self, connection: Any) -> Any:
        # The pool's own threads do this.
        with answers_within(CONFIGURE_SECONDS):
            return super()._configure_connection(connection)  # type: ignore[misc]

    def prepared_cursor(self) -> Any:
        self.ensure_connection()
        with self.wrap_database_errors:
            cursor = base.ServerBindingCursor(self.connection)  # type: ignore[call-arg]
        return self._prepare_cursor(cursor)  # type: ignore[attr-defined]

    def connect(self) -> None:
        super().connect()
        found = pooler()
        if not (found and found.shares_sessions):
            self._limit_statements(limits_of_thread())

    def _limit_statements(self, limits: Limits) -> None:
        """Set the limits of this thread, unless the connection has them already.

        A thread takes another connection from the pool for each request, mostly one that
        had a request before.
        """
        raw: Any = self.connection
        if getattr(raw, "limits", UNLIMITED) == limits:
            return
        lock, statement = limits
        with self.wrap_database_errors:
            raw.execute(
                f"SELECT set_config('lock_timeout', '{lock}', false),"
                f" set_config('statement_timeout', '{statement}', false)"
            )
        raw.limits = limits

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        while True:
            connection = super().get_new_connection(conn_params)
            if self.pool is None or _is_alive(connection):
                break
            connection.close()
            # The pool opens another one in its place.
            self.pool.putconn(connection)
        try:
            self._suit(connection, self._find_pooler(connection, conn_params))
        except BaseException:
            self._discard(connection)
            raise
        return connection

    def _find_pooler(self, connection: Any, conn_params: dict[str, Any]) -> Pooler:
        if found := pooler():
            return found
        plain = conn_params | {"autocommit": True, "cursor_factory": psycopg.Cursor}
        with answers_within(CONFIGURE_SECONDS):
            return find_pooler_once(
                connection,
                lambda: LimitedConnection.connect(**plain),
                prepares=conn_params.get("prepare_threshold") is not None,
            )

    def _suit(self, connection: Any, found: Pooler) -> None:
        """Use nothing on this connection that the pooler would lose."""
        if not found.keeps_statements:
            connection.prepare_threshold = None
        if found.shares_sessions:
            self.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = True

    def _discard(self, connection: Any) -> None:
        connection.close()
        if self.pool:
            self.pool.putconn(connection)


def _is_alive(connection: Any) -> bool:
    if connection.may_be_silent:
        return False
    return _is_idle(connection) or _answers(connection)


def _is_idle(connection: Any) -> bool:
    """Whether there is no unexpected data from the server to read."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


def _answers(connection: Any) -> bool:
    try:
        ConnectionPool.check_connection(connection)
    except OperationalError:
        return False
    return True
