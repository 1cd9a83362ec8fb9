"""The one runner: claims tasks, runs up to its capacity of them at once, on one loop.

It is the same in the web process (embedded) and in a Celery worker process (scaled).
The database decides everything; being woken only makes it sooner.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from agentarium.core.database_threads import DatabaseThreads
from agentarium.runtime.messages import Message
from agentarium.tasks.live import Bus
from agentarium.tasks.models import AgentTask, Worker
from agentarium.worker import claims, leases
from agentarium.worker.clients import Clients
from agentarium.worker.execution import Execution, Surroundings
from agentarium.worker.history import read_histories
from agentarium.worker.journal import Journal

log = structlog.get_logger(__name__)

MAX_CLAIM = 200
POLL_SECONDS = 1.0
SWEEP_SECONDS = 2.0


class Runner:
    """Executes tasks until it is told to stop.

    All methods but `wake` and `stop` belong to the event loop that runs it.
    """

    def __init__(self, *, bus: Bus, capacity: int) -> None:
        self._bus = bus
        self._capacity = capacity
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._lost = asyncio.Event()
        self._running: dict[asyncio.Task[None], Execution] = {}

    def wake(self) -> None:
        """Look for tasks now. Callable from any thread."""
        self._call(self._woken.set)

    def stop(self) -> None:
        """Take no more tasks, and end soon. Callable from any thread."""
        self._call(self._stopping.set)
        self.wake()

    def _call(self, function: Callable[[], None]) -> None:
        loop = self._loop
        if loop and not loop.is_closed():
            loop.call_soon_threadsafe(function)

    async def run(self) -> None:
        """Work until `stop`; a worker that was declared lost begins anew."""
        self._loop = asyncio.get_running_loop()
        self._database = DatabaseThreads("runner", size=2)
        self._clients = Clients()
        try:
            while not self._stopping.is_set():
                await self._run_as_worker()
        finally:
            await self._clients.aclose()
            self._database.close()

    async def _run_as_worker(self) -> None:
        """The life of one worker row."""
        ...
