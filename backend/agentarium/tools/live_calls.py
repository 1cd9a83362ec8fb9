"""Calls of tools and MCP servers while a request waits for them.

Such a request holds a thread for as long as the other server takes. `server/asgi.py` has
threads for these requests alone, and here each user gets only a few of them.
"""

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.db import connection

from agentarium.core.exceptions import ServerBusyError, TooManyRequestsError
from agentarium.db.sqlite_gate import sqlite_gate

if TYPE_CHECKING:
    from agentarium.tools.guarded_http import GuardedHttp

# Of one user, in one process.
MAX_CALLS_PER_USER = 2
# For a request that is refused because of the calls of others.
RETRY_AFTER_SECONDS = 5
# Threads that are left for requests that call nothing, so that refusals are immediate.
_SPARE_THREADS = 2

R = TypeVar("R")
Work = Callable[["GuardedHttp"], Coroutine[Any, Any, R]]


def call_now(
    work: "Work[R]", *, owner_id: int | None, within: float, timed_out: Exception
) -> R:
    """Run `work` in this thread, for a user or, without one, for the operator.

    Raises `timed_out` after `within` seconds, `TooManyRequestsError` if too many calls
    are in progress, and `ServerBusyError` when the process shuts down.
    """
    with slots.hold(owner_id, within), sqlite_gate.yield_while_waiting():
        _release_connection()
        with asyncio.Runner(loop_factory=_new_loop) as runner, running.ends_early():
            return runner.run(_call(work, within, timed_out))


class Slots:
    """The calls in progress of each user, with the times by which they end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._deadlines: dict[int | None, list[float]] = defaultdict(list)

    @property
    def in_progress(self) -> int:
        return sum(map(len, self._deadlines.values()))

    @contextmanager
    def hold(self, owner_id: int | None, seconds: float) -> Iterator[None]:
        deadline = time.monotonic() + seconds
        with self._lock:
            if owner_id is not None:
                self._check(owner_id)
            self._deadlines[owner_id].append(deadline)
        try:
            yield
        finally:
            with self._lock:
                self._deadlines[owner_id].remove(deadline)
                if not self._deadlines[owner_id]:
                    del self._deadlines[owner_id]

    def _check(self, owner_id: int) -> None:
        own = self._deadlines.get(owner_id, ())
        if len(own) >= MAX_CALLS_PER_USER:
            raise TooManyRequestsError(
                f"{MAX_CALLS_PER_USER} of your tools or MCP servers are being called"
                " right now. Try again when one of the calls has ended.",
                retry_after=max(1, round(min(own) - time.monotonic())),
            )
        if self.in_progress >= max_calls():
            raise TooManyRequestsError(
                "Too many tools are being called right now. Try again in a few seconds.",
                retry_after=RETRY_AFTER_SECONDS,
            )


slots = Slots()


class RunningCalls:
    """What threads wait for: calls, each on the thread's own event loop, and futures."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[asyncio.Task[Any], asyncio.AbstractEventLoop] = {}
        # Of threads that wait for a future.
        self._waiting: set[threading.Event] = set()
        self._is_stopping = False

    def stop(self) -> None:
        """Cancel all calls, and those that begin later. Any thread may do it."""
        with self._lock:
            # Cancelled again, a call could not close its connections.
            if not self._is_stopping:
                self._is_stopping = True
                for task, loop in self._calls.items():
                    loop.call_soon_threadsafe(task.cancel)
                for is_over in self._waiting:
                    is_over.set()

    def check(self) -> None:
        """Raise `ServerBusyError` after `stop`."""
        if self._is_stopping:
            raise ServerBusyError(
                "The server is shutting down. Try again in a few seconds.",
                retry_after=RETRY_AFTER_SECONDS,
            )

    @contextmanager
    def ends_early(self) -> Iterator[None]:
        """Raise `ServerBusyError` instead of the cancellation by `stop`."""
        self.check()
        try:
            yield
        except asyncio.CancelledError:
            self.check()
            raise

    def wait(self, future: "Future[R]", seconds: float) -> R:
        """The result of a future. Raises `TimeoutError`, and `ServerBusyError` on `stop`."""
        is_over = threading.Event()
        with self._lock:
            self.check()
            self._waiting.add(is_over)
        try:
            future.add_done_callback(lambda _: is_over.set())
            is_over.wait(seconds)
        finally:
            with self._lock:
                self._waiting.discard(is_over)
        if not future.done():
            self.check()
        return future.result(0)

    @contextmanager
    def add_current_task(self) -> Iterator[None]:
        task = asyncio.current_task()
        assert task is not None
        with self._lock:
            self.check()
            self._calls[task] = task.get_loop()
        try:
            yield
        finally:
            # With the lock, so that `stop` never finds a loop that is closed.
            with self._lock:
                del self._calls[task]


running = RunningCalls()


def max_calls() -> int:
    """The most calls in progress in one process, fewer than the threads for them."""
    return max(1, settings.WAITING_THREADS - _SPARE_THREADS)


async def _call(work: "Work[R]", within: float, timed_out: Exception) -> R:
    # Imported here, because aiohttp is slow to import.
    from agentarium.tools.guarded_http import GuardedHttp

    http = GuardedHttp()
    try:
        async with asyncio.timeout(within):
            with running.add_current_task():
                return await work(http)
    except TimeoutError:
        raise timed_out from None
    finally:
        await http.aclose()


def _release_connection() -> None:
    """Leave the database's connections to requests that use them."""
    if not connection.in_atomic_block:
        connection.close()


class _LookupThreads(ThreadPoolExecutor):
    """The threads of a loop, in which it resolves host names.

    A name server that does not respond holds such a thread for longer than a call may
    take, so closing the loop does not wait for them.
    """

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        super().shutdown(wait=False, cancel_futures=True)


def _new_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.set_default_executor(_LookupThreads(thread_name_prefix="agentarium-lookup"))
    return loop
