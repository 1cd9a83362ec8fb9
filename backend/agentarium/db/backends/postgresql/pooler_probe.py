"""Finds out which connection pooler stands in front of PostgreSQL.

Poolers do not say what they are, and PgBouncer's `SHOW` works on its own database only. But
PostgreSQL tells each client the id of its process when it connects, and again when asked. A
pooler makes up the first one. If two connections meet the same process, it shares them, and
if they then get in the way of each other's prepared statements, it does not track those.
"""

import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

import psycopg

from agentarium.db.backends.postgresql.connection import LOST_STATEMENTS
from agentarium.db.pooler import Pooler, pooler, record_pooler

# Statements on each of two connections. Without other clients, the second one tells.
TRIALS = 8

_PROCESS_ID = "SELECT pg_backend_pid()"
# Prepared by the second connection, under the name that the first one uses. If this is the
# first one's answer, it has met the other one's statement.
_DECOY = "SELECT 0"
_lock = threading.Lock()

Connect = Callable[[], psycopg.Connection[Any]]


def find_pooler_once(
    connection: psycopg.Connection[Any], connect: Connect, *, prepares: bool
) -> Pooler:
    """What stands before the server of `connection`, found out once for the process.

    `connect` opens further connections of the same kind, in autocommit mode. Without
    `prepares` no statement is prepared.
    """
    with _lock:
        found = pooler()
        if found is None:
            process_id = _process_id(connection, prepare=False)
            if not connection.autocommit:
                connection.rollback()
            is_direct = process_id == connection.pgconn.backend_pid
            found = (
                Pooler.NONE if is_direct else find_pooler(connect, prepares=prepares)
            )
            record_pooler(found, prepares=prepares)
    return found


def find_pooler(connect: Connect, *, prepares: bool) -> Pooler:
    """Compare the sessions that two connections meet.

    Where statements are not tracked, each connection finds its own in the one session in
    which it was prepared, and nowhere else.
    """
    with connect() as first, connect() as second:
        met: tuple[set[int], set[int]] = (set(), set())
        try:
            met[0].add(_process_id(first, prepare=prepares))
            with second.transaction():
                second.execute(_DECOY, prepare=prepares)
                met[1].add(_process_id(second, prepare=prepares))
            for _ in range(TRIALS):
                met[0].add(_process_id(first, prepare=prepares))
                met[1].add(_process_id(second, prepare=prepares))
        except psycopg.OperationalError as error:
            if not isinstance(error.__cause__, LOST_STATEMENTS):
                raise
            met[0].add(0)
        if 0 in met[0]:
            _forget_statements(first, second)
            return Pooler.FORGETFUL
    is_shared = met[0] & met[1] or len(met[0]) > 1 or len(met[1]) > 1
    return Pooler.SHARING if is_shared else Pooler.NONE


def _process_id(connection: psycopg.Connection[Any], *, prepare: bool) -> int:
    row = connection.execute(_PROCESS_ID, prepare=prepare).fetchone()
    assert row
    return int(row[0])


def _forget_statements(*connections: psycopg.Connection[Any]) -> None:
    """Leave no statement of the trials in the sessions that others use.

    Transactions that are open at the same time have different sessions: most likely those
    of the trials.
    """
    with suppress(psycopg.Error), ExitStack() as transactions:
        for connection in connections:
            transactions.enter_context(connection.transaction())
            connection.execute("DEALLOCATE ALL", prepare=False)
