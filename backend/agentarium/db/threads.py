"""Threads that use the database for an event loop."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import ParamSpec, TypeVar

from django.db import (
    InterfaceError,
    InternalError,
    OperationalError,
    close_old_connections,
    connections,
)

from agentarium.db.answer_limit import NO_LIMIT, answers_within
from agentarium.db.sqlite_gate import hold_sqlite_gate

# A lost connection. PostgreSQL reports an internal error when it has ended a connection
# that was idle in a transaction for too long.
CONNECTION_ERRORS = (OperationalError, InterfaceError, InternalError)
# PostgreSQL's code of a statement that was cancelled.
CANCELLED = "57014"
# The longest limit of an answer that was given too late.
MAX_ANSWER_SECONDS = 120.0

P = ParamSpec("P")
R = TypeVar("R")


class DatabaseThreads:
    """A bounded number of threads, so that a thousand readers share few connections.

    Django keeps a connection for each thread: in the default executor, work would open
    one in each of its threads.

    With `through_gate` their work passes the SQLite gate: it uses less CPU time in total,
    but waits for requests and other work.

    Each answer of the database has to arrive within `answer_seconds` (`NO_LIMIT`: at any
    time). After an answer that was late because the server is slow, the next one may take
    twice as long: otherwise the same statement would be cancelled again and again.
    """

    def __init__(
        self,
        name: str,
        *,
        size: int = 1,
        through_gate: bool = False,
        answer_seconds: float = NO_LIMIT,
    ) -> None:
        self._size = size
        self._answer_seconds = self._limit = answer_seconds
        self._gate = hold_sqlite_gate if through_gate else nullcontext
        self._pool = ThreadPoolExecutor(size, thread_name_prefix=name)

    async def run(
        self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Call a function that uses the database in one of the threads."""

        def call() -> R:
            with answers_within(self._limit):
                close_old_connections()
                try:
                    with self._gate():
                        result = function(*args, **kwargs)
                except OperationalError as error:
                    self._be_patient_after(error)
                    raise
                finally:
                    close_old_connections()
            self._limit = self._answer_seconds
            return result

        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def _be_patient_after(self, error: OperationalError) -> None:
        if getattr(error.__cause__, "sqlstate", None) == CANCELLED:
            self._limit = min(self._limit * 2, MAX_ANSWER_SECONDS)

    def close(self) -> None:
        """Wait for running calls, and close the threads' connections."""
        all_threads = threading.Barrier(self._size)

        def close_own() -> None:
            # Otherwise a thread that is done early would run this twice.
            all_threads.wait()
            with answers_within(self._answer_seconds):
                connections.close_all()

        for _ in range(self._size):
            self._pool.submit(close_own)
        self._pool.shutdown()
