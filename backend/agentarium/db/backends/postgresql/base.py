"""Django's PostgreSQL backend, with connections that are looked at before use.

A connection from the pool may have been closed by a server that was restarted. Django
would ask the server each time whether it is still there: a round trip for each request
and for each thing that a worker does. But a server that hangs up can be seen on this
side: an idle connection then has something to be read.

And with cursors for what is asked all the time, beside Django's, which puts the values
into each statement: the server reads and plans such a statement once for a connection,
as `db/prepared_statements.py` says.
"""

import select
from typing import Any

from django.db.backends.postgresql import base
from psycopg import OperationalError
from psycopg_pool import ConnectionPool


class DatabaseWrapper(base.DatabaseWrapper):
    def prepared_cursor(self) -> Any:
        self.ensure_connection()
        with self.wrap_database_errors:
            cursor = base.ServerBindingCursor(self.connection)  # type: ignore[call-arg]
        return self._prepare_cursor(cursor)  # type: ignore[attr-defined]

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        while True:
            connection = super().get_new_connection(conn_params)
            if self.pool is None or _is_idle(connection) or _answers(connection):
                return connection
            connection.close()
            # It makes another one in its place.
            self.pool.putconn(connection)


def _is_idle(connection: Any) -> bool:
    """Whether nothing has come from the server that nobody asked for."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


def _answers(connection: Any) -> bool:
    try:
        ConnectionPool.check_connection(connection)
    except OperationalError:
        return False
    return True
