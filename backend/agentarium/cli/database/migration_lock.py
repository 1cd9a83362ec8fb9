"""One process at a time migrates a database; the others wait for it.

On PostgreSQL it is an advisory lock of a transaction on a connection of its own: a pooler
that assigns server connections by transaction keeps this one for the lock. On SQLite it
is a lock on a file next to the database. Both end with the process, however it ends.
"""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

import structlog
from django.db import connection

from agentarium.cli.terminal import say

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.2
# "migrate" in ASCII; only processes of Agentarium use this database.
ADVISORY_KEY = 0x6D696772617465

TryLock = Callable[[], bool]


@contextmanager
def migration_lock() -> Iterator[None]:
    """Hold the lock until the end of the block. Says so if it has to wait."""
    is_file = connection.vendor == "sqlite"
    with _file_lock() if is_file else _advisory_lock() as try_lock:
        if not try_lock():
            say("Waiting for another process that is updating the database.")
            while not try_lock():
                time.sleep(POLL_SECONDS)
        yield


@contextmanager
def _advisory_lock() -> Iterator[TryLock]:
    import psycopg

    # Outside the pool, whose connections have limits.
    with connection.wrap_database_errors:
        session = psycopg.connect(**connection.get_connection_params())

    def try_lock() -> bool:
        with connection.wrap_database_errors:
            row = session.execute(
                "SELECT pg_try_advisory_xact_lock(%s)", [ADVISORY_KEY]
            ).fetchone()
        return bool(row and row[0])

    # Closing it ends the transaction, and with it the lock.
    with closing(session):
        with connection.wrap_database_errors:
            # It is idle for as long as the migrations take.
            session.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield try_lock


@contextmanager
def _file_lock() -> Iterator[TryLock]:
    path = Path(f"{connection.settings_dict['NAME']}-migrating")
    try:
        file = path.open("ab")
    except OSError as error:
        # The database in the same folder will fail, with advice.
        log.warning("migrations.lock_failed", error=str(error))
        yield lambda: True
        return
    with file:
        yield lambda: _try_lock_file(file)


def _try_lock_file(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        # Some file systems have no locks: then nothing orders the processes.
        log.warning("migrations.lock_failed", error=str(error))
    return True
