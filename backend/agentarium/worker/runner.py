"""Claims tasks, and runs up to its capacity of them on one event loop.

It is the same in the web process (embedded) and in a Celery worker process (scaled).
The database decides everything; a wake-up only makes it happen sooner.
"""

import asyncio
from collections.abc import Callable

import structlog
from django.db import DatabaseError, InterfaceError

from agentarium.db.threads import DatabaseThreads
from agentarium.observability.background import record_failure
from agentarium.streaming.pubsub import PubSub
from agentarium.tasks.models import Worker
from agentarium.worker import leases
from agentarium.worker.attempt.context import ModelClientSource, RunnerDependencies
from agentarium.worker.attempt.toolbox import OpenToolbox
from agentarium.worker.queue.release import retire
from agentarium.worker.runner_signals import RunnerSignals
from agentarium.worker.session import WorkerSession

log = structlog.get_logger(__name__)

# The pause before a new session, after an error of the database.
RESTART_SECONDS = 1.0


class Runner:
    """Runs tasks until `stop`, in one worker session after another."""

    def __init__(
        self,
        *,
        pubsub: PubSub,
        clients: ModelClientSource,
        open_toolbox: OpenToolbox,
        capacity: int,
    ) -> None:
        self._pubsub = pubsub
        self._clients = clients
        self._open_toolbox = open_toolbox
        self._capacity = capacity
        self._loop: asyncio.AbstractEventLoop | None = None
        self._signals = RunnerSignals()
        # The worker of the last session, if that ended without the database.
        self._expired: Worker | None = None

    def wake(self) -> None:
        """Look for pending tasks now. Callable from any thread."""
        self._call_on_loop(self._signals.wake)

    def stop(self) -> None:
        """Claim no more tasks, and shut down. Callable from any thread."""
        self._call_on_loop(self._signals.stop)

    def hurry(self) -> None:
        """Shut down without the grace period. Callable from any thread."""
        self._call_on_loop(self._signals.hurry)

    def _call_on_loop(self, function: Callable[[], None]) -> None:
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function)

    async def run(self) -> None:
        """Work until `stop`. After a loss, register again as a new worker."""
        self._loop = asyncio.get_running_loop()
        database = DatabaseThreads(
            "runner",
            size=2,
            through_gate=True,
            answer_seconds=leases.answer_seconds(leases.MAINTENANCE_ANSWER_FRACTION),
        )
        dependencies = RunnerDependencies(
            self._pubsub, self._clients, self._open_toolbox, database
        )
        try:
            while not self._signals.is_stopping:
                await self._run_session(dependencies)
        finally:
            await self._clients.aclose()
            await asyncio.to_thread(database.close)

    async def _run_session(self, dependencies: RunnerDependencies) -> None:
        try:
            worker = await dependencies.database.run(self._register)
            session = WorkerSession(worker, dependencies, self._signals)
            try:
                await session.run()
            finally:
                self._expired = worker if session.has_expired else None
        except* (DatabaseError, InterfaceError) as group:
            log.warning(
                "runner.database_away", errors=[str(e) for e in group.exceptions]
            )
            await asyncio.sleep(RESTART_SECONDS)
        except* Exception as group:  # noqa: BLE001 - the runner must not end
            # The next session is another worker, and recovers the tasks of this one.
            record_failure("worker session", group)
            await asyncio.sleep(RESTART_SECONDS)

    def _register(self) -> Worker:
        """Register; first release the tasks of the worker whose lease has expired."""
        if self._expired:
            retire(self._expired)
            self._expired = None
        return leases.register_worker(capacity=self._capacity)
