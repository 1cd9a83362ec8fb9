"""Check whether the database can be reached, and wait for it at start-up.

A long-running process may start before its database, or restart while the database
is away. It waits, as it would if the connection were lost later. A failure that
waiting cannot fix, such as a wrong password, ends the process.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from agentarium.cli.terminal import fail, say
from agentarium.db.answer_limit import answers_within

R = TypeVar("R")

POLL_SECONDS = 1.0
# The same reason is printed again after this time.
REMIND_SECONDS = 30.0
# A permanent failure counts after this many consecutive attempts: the server may have
# come up between its error and our question whether it is up.
REFUSALS = 3
REFUSAL_PAUSE_SECONDS = 0.2
# psycopg reports SQLSTATE 53300 during a connect only as one of these texts.
TOO_MANY_CONNECTIONS = (
    "too many clients",
    "too many connections",
    "connection slots are reserved",
)
# Connection parameters of psycopg that libpq does not know.
PSYCOPG_PARAMETERS = {"context", "cursor_factory", "prepare_threshold", "row_factory"}
_DAMAGED = (
    "Restore it from a backup, or stop Agentarium and move {0} away to start with an "
    "empty database."
)
_WRONG_OWNER = (
    "Make the user that runs Agentarium the owner of the file and its folder."
)
# SQLite's message -> what to do.
_FILE_ADVICE = {
    "file is not a database": _DAMAGED,
    "database disk image is malformed": _DAMAGED,
    "unable to open database file": _WRONG_OWNER,
    "attempt to write a readonly database": _WRONG_OWNER,
    "database or disk is full": "Free space on the disk of {0}.",
    "database is locked": "Stop the other programs that have {0} open.",
}


@dataclass(frozen=True, slots=True)
class ConnectionFailure:
    """Why the database cannot be used; `is_temporary` if waiting may help."""

    reason: str
    is_temporary: bool

    def __str__(self) -> str:
        verb = "cannot be reached" if self.is_temporary else "refuses the connection"
        return f"The database at {address()} {verb}: {self.reason}"


def connection_failure() -> ConnectionFailure | None:
    """Try to connect; None if that works, and always on SQLite.

    Bypasses the pool, which would try for ten seconds and not report the reason.
    """
    if connection.vendor != "postgresql":
        return None
    import psycopg

    parameters: dict[str, Any] = connection.get_connection_params()
    try:
        psycopg.connect(**parameters).close()
    except psycopg.OperationalError as error:
        return ConnectionFailure(_reason(error), _is_temporary(error, parameters))
    except psycopg.Error as error:
        return ConnectionFailure(_reason(error), is_temporary=False)
    return None


def address() -> str:
    """Host and port of the database from the settings, without user and password."""
    server = connection.settings_dict
    host = server["HOST"] or "its local socket"
    return f"{host}:{server['PORT']}" if server["PORT"] else str(host)


def sqlite_file_problem(error: Exception) -> tuple[str, str] | None:
    """Why the SQLite file cannot be used, and what to do; None for other errors."""
    if connection.vendor != "sqlite":
        return None
    file = connection.settings_dict["NAME"]
    for message, advice in _FILE_ADVICE.items():
        if message in str(error):
            detail = f"The database {file} cannot be used ({message})"
            return detail, advice.format(file)
    return None


def require_connection() -> None:
    """End the command with one sentence if the database cannot be reached."""
    if failure := connection_failure():
        fail(str(failure))


def retry_until_reachable(step: Callable[[], R]) -> R:
    """Run a repeatable step, waiting as long as the database is away.

    Prints what it waits for. A permanent failure ends the process. Signals are left to
    the caller. Each answer has the limit of a request's, in case a connection is silent.
    """
    failures = 0
    while True:
        if _wait_until_reachable():
            failures = 0
        try:
            with answers_within(settings.DATABASE_ANSWER_SECONDS):
                return step()
        except (OperationalError, InterfaceError):
            # Otherwise Django would use the broken connection again.
            connection.close()
            # Either the database went away again, or it answers and the step fails.
            failures += 1
            if failures == REFUSALS:
                raise


def _wait_until_reachable() -> bool:
    """Wait until the database can be reached; return whether it was away."""
    started_at = time.monotonic()
    printed, printed_at = "", 0.0
    while failure := _confirmed_failure():
        if not failure.is_temporary:
            fail(str(failure))
        now = time.monotonic()
        if failure.reason != printed or now > printed_at + REMIND_SECONDS:
            say(f"Waiting for the database at {address()}: {failure.reason}")
            printed, printed_at = failure.reason, now
        time.sleep(POLL_SECONDS)
    if printed:
        waited = time.monotonic() - started_at
        say(f"The database is reachable, after {waited:.0f} s.")
    return bool(printed)


def _confirmed_failure() -> ConnectionFailure | None:
    for _ in range(REFUSALS - 1):
        failure = connection_failure()
        if failure is None or failure.is_temporary:
            return failure
        time.sleep(REFUSAL_PAUSE_SECONDS)
    return connection_failure()


def _is_temporary(error: Exception, parameters: dict[str, Any]) -> bool:
    """Whether there was no response, or the server is starting, stopping or full.

    The server's messages are localized. libpq's ping evaluates the SQLSTATE instead.
    """
    from psycopg.conninfo import make_conninfo
    from psycopg.errors import ConnectionTimeout
    from psycopg.pq import PGconn, Ping

    if isinstance(error, ConnectionTimeout):
        return True
    if any(text in str(error) for text in TOO_MANY_CONNECTIONS):
        return True
    known = {name: parameters[name] for name in parameters.keys() - PSYCOPG_PARAMETERS}
    conninfo = make_conninfo(**known).encode()
    probe = PGconn.connect_start(conninfo)
    try:
        return probe.ping(conninfo) in (Ping.NO_RESPONSE, Ping.REJECT)
    finally:
        probe.finish()


def _reason(error: Exception) -> str:
    """The first line of an error, without psycopg's prefix and hints."""
    lines = str(error).splitlines() or [type(error).__name__]
    return " ".join(lines[0].removeprefix("connection failed: ").split())
