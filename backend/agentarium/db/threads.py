"""Threads that talk to the database for an event loop."""

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

# A lost connection. PostgreSQL ends that of a process that was paused in a transaction
# with what reads as an internal error.
CONNECTION_ERRORS = (OperationalError, InterfaceError, InternalError)

P = ParamSpec("P")
R = TypeVar("R")


class DatabaseThreads:
    """A bounded number of threads, so that a thousand readers share few connections.

    Django keeps a connection for each thread: work that ran in whichever thread was
    free would otherwise open one after the other.

    With `in_turn` their work takes turns with requests, where the database is a file:
    less is spent in all, but each waits for the others.
    """

    def __init__(self, name: str, *, size: int = 1, in_turn: bool = False) -> None:
        self._size = size
        self._turn = hold_sqlite_gate if in_turn else nullcontext
        self._pool = ThreadPoolExecutor(size, thread_name_prefix=name)

    async def run(
        self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Call a function that uses the database, in one of the threads."""

        def call() -> R:
            close_old_connections()
            try:
                with self._turn():
                    return function(*args, **kwargs)
            finally:
                close_old_connections()

        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def close(self) -> None:
        """Wait for what runs, and close the threads' connections."""
        everyone = threading.Barrier(self._size)

        def close_own() -> None:
            # Whoever is done early would close another's in its place.
            everyone.wait()
            connections.close_all()

        for _ in range(self._size):
            self._pool.submit(close_own)
        self._pool.shutdown()
