"""psycopg's connection, with a limit on our side for each exchange with the server.

psycopg passes every exchange to `Connection.wait`, and so does its pool: statements,
fetches, commits, rollbacks, checks. This is the one place where we stop waiting. The
thread itself waits on the socket with a timeout, so no other thread is needed to free it.

An exchange that exceeds `answer_limit` is either slow or silent. The server is asked, on
another connection, to cancel it. If the answer is that it was cancelled, the server was
slow: nothing has happened, and the connection can be used again. Otherwise the connection
is silent, and it is closed. Whether a statement or a commit has succeeded is then unknown,
as after every lost connection.
"""

import time
from typing import Any, TypeVar

import psycopg
import structlog
from psycopg import errors
from psycopg.abc import PQGen

from agentarium.db.answer_limit import answer_limit
from agentarium.db.pooler import Pooler, record_pooler
from agentarium.db.reachability import (
    ConnectOutcome,
    record_connect,
    report_silence,
)

log = structlog.get_logger(__name__)

# For the request to cancel, and again for the answer to it.
CANCEL_SECONDS = 1.0
# What is raised for a statement that was prepared in another session, or twice in one.
LOST_STATEMENTS = (errors.DuplicatePreparedStatement, errors.InvalidSqlStatementName)

RV = TypeVar("RV")


class LimitedConnection(psycopg.Connection[Any]):
    """A connection that stops waiting after the limit of the thread that uses it."""

    # When a connection of this process was last found silent, in monotonic seconds.
    silent_at = float("-inf")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._opened_at = time.monotonic()

    @classmethod
    def connect(cls, *args: Any, **kwargs: Any) -> Any:
        outcome = ConnectOutcome.SILENT
        try:
            connection = super().connect(*args, **kwargs)
            outcome = ConnectOutcome.OPENED
        except errors.ConnectionTimeout:
            raise
        except psycopg.OperationalError:
            outcome = ConnectOutcome.REFUSED
            raise
        finally:
            record_connect(outcome)
        return connection

    @property
    def may_be_silent(self) -> bool:
        """Whether a connection was found silent since this one was opened."""
        return self._opened_at <= LimitedConnection.silent_at

    def wait(self, gen: PQGen[RV], *args: Any, **kwargs: Any) -> RV:
        limit = answer_limit()
        try:
            if not limit or args or kwargs:
                return super().wait(gen, *args, **kwargs)
            return super().wait(gen, timeout=limit)
        except LOST_STATEMENTS as error:
            # A pooler came between, or was not recognized. The same statement works when
            # it is tried again, as after a lost connection.
            record_pooler(Pooler.FORGETFUL)
            raise errors.OperationalError(f"The pooler: {error}") from error
        except errors._WaitTimeout:
            self._cancel(gen)
            raise errors.OperationalError(
                f"PostgreSQL did not answer within {limit:g} s"
            ) from None

    def _cancel(self, gen: PQGen[Any]) -> None:
        """Raise `QueryCanceled`, or close the connection."""
        try:
            self.cancel_safe(timeout=CANCEL_SECONDS)
            super().wait(gen, timeout=CANCEL_SECONDS)
            # Done at the last moment, or cut short: a commit that waits for a standby
            # ends with a warning. It counts as unknown.
            is_silent = False
        except errors.QueryCanceled:
            raise
        except psycopg.Error:
            is_silent = True
        self.close()
        if is_silent:
            LimitedConnection.silent_at = time.monotonic()
            log.warning("database.silent", limit_seconds=answer_limit())
            report_silence()
