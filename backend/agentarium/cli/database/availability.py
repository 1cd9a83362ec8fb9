"""Whether the database can be reached, and waiting for it before a process begins.

A process that lives long may be started before its database, or again while that is
away: it waits, as it would if the database went away later. A refusal that no waiting
mends, such as a wrong password, ends it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, connection

from agentarium.cli.terminal import fail, say

R = TypeVar("R")

LOOK_SECONDS = 1.0
# The same reason is said again after so long.
REMIND_SECONDS = 30.0
# A server that is there refuses so often before it is believed: it may have come up
# between what it said and our question whether it is up.
REFUSALS = 3
REFUSED_SECONDS = 0.2
# SQLSTATE 53300 reads as one of these; it is not told in any other way.
TOO_MANY = ("too many clients", "too many connections", "connection slots are reserved")
# What psycopg takes for itself, and the server's library does not know.
OF_PSYCOPG = {"context", "cursor_factory", "prepare_threshold", "row_factory"}
_DAMAGED = (
    "Restore it from a backup, or stop Agentarium and move {0} away to begin with an "
    "empty one."
)
_NOT_OURS = "Give it and its folder to the user that runs Agentarium."
# What SQLite says -> what to do.
_FILE_ADVICE = {
    "file is not a database": _DAMAGED,
    "database disk image is malformed": _DAMAGED,
    "unable to open database file": _NOT_OURS,
    "attempt to write a readonly database": _NOT_OURS,
    "database or disk is full": "Make room on the disk of {0}.",
    "database is locked": "Stop the other programs that hold {0} open.",
}


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why the database cannot be used; `may_pass` if it may be used later."""

    reason: str
    may_pass: bool

    def __str__(self) -> str:
        verb = "cannot be reached" if self.may_pass else "refuses us"
        return f"The database at {address()} {verb}: {self.reason}"


def obstacle() -> Obstacle | None:
    """What is between us and the database at this moment; nothing on SQLite.

    Asks without the pool: that would try for ten seconds, and not say why it fails.
    """
    if connection.vendor != "postgresql":
        return None
    import psycopg

    parameters: dict[str, Any] = connection.get_connection_params()
    try:
        psycopg.connect(**parameters).close()
    except psycopg.OperationalError as error:
        return Obstacle(_reason(error), _may_pass(error, parameters))
    except psycopg.Error as error:
        return Obstacle(_reason(error), may_pass=False)
    return None


def address() -> str:
    """Where the database is, as the settings say; without user and password."""
    server = connection.settings_dict
    host = server["HOST"] or "its local socket"
    return f"{host}:{server['PORT']}" if server["PORT"] else str(host)


def refused_file(error: Exception) -> tuple[str, str] | None:
    """Why the SQLite file cannot be used, and what to do; None if that is not why."""
    if connection.vendor != "sqlite":
        return None
    file = connection.settings_dict["NAME"]
    for words, advice in _FILE_ADVICE.items():
        if words in str(error):
            return f"The database {file} cannot be used ({words})", advice.format(file)
    return None


def refuse_unreachable() -> None:
    """End the command with one sentence if the database cannot be reached."""
    if found := obstacle():
        fail(str(found))


def once_it_answers(step: Callable[[], R]) -> R:
    """Do a step that may be repeated, however long the database is away meanwhile.

    Says what it waits for. A refusal that will not pass ends the process; signals are
    the caller's.
    """
    failures = 0
    while True:
        if _wait():
            failures = 0
        try:
            return step()
        except (OperationalError, InterfaceError):
            # It has gone away again, unless it answers and fails all the same.
            failures += 1
            if failures == REFUSALS:
                raise


def _wait() -> bool:
    """Wait until the database answers; whether there was need to."""
    began_at = time.monotonic()
    said, said_at = "", 0.0
    while found := _believed_obstacle():
        if not found.may_pass:
            fail(str(found))
        now = time.monotonic()
        if found.reason != said or now > said_at + REMIND_SECONDS:
            say(f"Waiting for the database at {address()}: {found.reason}")
            said, said_at = found.reason, now
        time.sleep(LOOK_SECONDS)
    if said:
        say(f"The database answers, after {time.monotonic() - began_at:.0f} s.")
    return bool(said)


def _believed_obstacle() -> Obstacle | None:
    for _ in range(REFUSALS - 1):
        found = obstacle()
        if found is None or found.may_pass:
            return found
        time.sleep(REFUSED_SECONDS)
    return obstacle()


def _may_pass(error: Exception, parameters: dict[str, Any]) -> bool:
    """Whether nobody answered, or somebody who says that it is too early or too full.

    The server's sentences come in its own language: its library is asked instead,
    which knows the code behind them.
    """
    from psycopg.conninfo import make_conninfo
    from psycopg.errors import ConnectionTimeout
    from psycopg.pq import PGconn, Ping

    if isinstance(error, ConnectionTimeout):
        return True
    if any(words in str(error) for words in TOO_MANY):
        return True
    known = {name: parameters[name] for name in parameters.keys() - OF_PSYCOPG}
    conninfo = make_conninfo(**known).encode()
    asking = PGconn.connect_start(conninfo)
    try:
        return asking.ping(conninfo) in (Ping.NO_RESPONSE, Ping.REJECT)
    finally:
        asking.finish()


def _reason(error: Exception) -> str:
    """What has failed, without advice and without other attempts of the same."""
    lines = str(error).splitlines() or [type(error).__name__]
    return " ".join(lines[0].removeprefix("connection failed: ").split())
