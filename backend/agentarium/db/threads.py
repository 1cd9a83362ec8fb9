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

from agentarium.db.sqlite_gate import hold_sqlite_gate

# A lost connection. PostgreSQL reports an internal error when it has ended a connection
# that was idle in a transaction for too long.
CONNECTION_ERRORS = (OperationalError, InterfaceError, InternalError)

P = ParamSpec("P")
R = TypeVar("R")


class DatabaseThreads:
    """A bounded number of threads, so that a thousand readers share few connections.

    Django keeps a connection for each thread: in the default executor, work would open
    one in each of its threads.

    With `through_gate` their work passes the SQLite gate: it uses less CPU time in total,
    but waits for requests and other work.
    """

    def __init__(self, name: str, *, size: int = 1, through_gate: bool = False) -> None:
        self._size = size
        self._gate = hold_sqlite_gate if through_gate else nullcontext
        self._pool = ThreadPoolExecutor(size, thread_name_prefix=name)

    async def run(
        self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Call a function that uses the database in one of the threads."""

        def call() -> R:
            close_old_connections()
            try:
                with self._gate():
                    return function(*args, **kwargs)
            finally:
                close_old_connections()

        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def close(self) -> None:
        """Wait for running calls, and close the threads' connections."""
        all_threads = threading.Barrier(self._size)

        def close_own() -> None:
            # Otherwise a thread that is done early would run this twice.
            all_threads.wait()
            connections.close_all()

        for _ in range(self._size):
            self._pool.submit(close_own)
        self._pool.shutdown()
