"""The one runner: claims tasks, and runs up to its capacity of them on one loop.

It is the same in the web process (embedded) and in a Celery worker process (scaled).
The database decides everything; being woken only makes it sooner.
"""

import asyncio
from collections.abc import Callable

import structlog
from django.db import DatabaseError, InterfaceError

from agentarium.db.threads import DatabaseThreads
from agentarium.streaming.pubsub import PubSub
from agentarium.worker import leases
from agentarium.worker.attempt.context import ModelClients, RunnerDependencies
from agentarium.worker.attempt.toolbox import OpenToolbox
from agentarium.worker.session import Signals, WorkerSession

log = structlog.get_logger(__name__)

# After an error of its own, or of the database, the runner tries again so often.
RESTART_SECONDS = 1.0


class Runner:
    """Executes tasks until it is told to stop."""

    def __init__(
        self,
        *,
        pubsub: PubSub,
        clients: ModelClients,
        open_toolbox: OpenToolbox,
        capacity: int,
    ) -> None:
        self._pubsub = pubsub
        self._clients = clients
        self._open_toolbox = open_toolbox
        self._capacity = capacity
        self._loop: asyncio.AbstractEventLoop | None = None
        self._signals = Signals()

    def wake(self) -> None:
        """Look for tasks now. Callable from any thread."""
        self._call(self._signals.wake)

    def stop(self) -> None:
        """Take no more tasks, and end soon. Callable from any thread."""
        self._call(self._signals.stop)

    def _call(self, function: Callable[[], None]) -> None:
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function)

    async def run(self) -> None:
        """Work until `stop`. Declared lost, it begins anew, as another worker."""
        self._loop = asyncio.get_running_loop()
        database = DatabaseThreads("runner", size=2, in_turn=True)
        dependencies = RunnerDependencies(
            self._pubsub, self._clients, self._open_toolbox, database
        )
        try:
            while not self._signals.is_stopping:
                await self._work(dependencies)
        finally:
            await self._clients.aclose()
            await asyncio.to_thread(database.close)

    async def _work(self, dependencies: RunnerDependencies) -> None:
        try:
            worker = await dependencies.database.run(
                leases.register_worker, capacity=self._capacity
            )
            await WorkerSession(worker, dependencies, self._signals).run()
        except* (DatabaseError, InterfaceError) as group:
            log.warning(
                "runner.database_away", errors=[str(e) for e in group.exceptions]
            )
            await asyncio.sleep(RESTART_SECONDS)
