"""The runner of this process: on the web server's loop, or on a thread of its own."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import structlog
from django.conf import settings

from agentarium.providers.services import provider_configs
from agentarium.runtime.providers.registry import ModelClients
from agentarium.streaming import shared
from agentarium.tasks import wake_ups
from agentarium.worker.attempt.toolbox import Tools
from agentarium.worker.metrics_server import serving_metrics
from agentarium.worker.runner import Runner

log = structlog.get_logger(__name__)

# What an orderly end may take beyond the grace that running tasks get.
STOP_MARGIN_SECONDS = 10.0


def make_runner(tools: Tools) -> Runner:
    return Runner(
        pubsub=shared.pubsub(),
        clients=ModelClients(provider_configs()),
        open_toolbox=tools.open,
        capacity=settings.WORKER_CAPACITY,
    )


@asynccontextmanager
async def carrying() -> AsyncIterator[None]:
    """Carry live output to and from other processes, on this event loop."""
    work = asyncio.create_task(shared.pubsub().run())
    work.add_done_callback(_end_process_of_broken)
    try:
        yield
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


@asynccontextmanager
async def executing() -> AsyncIterator[None]:
    """Run tasks on this event loop; at the end, finish them or hand them back."""
    tools = Tools()
    runner = make_runner(tools)
    wake_ups.on_wake(runner.wake)
    work = asyncio.create_task(runner.run())
    work.add_done_callback(_end_process_of_broken)
    try:
        yield
    finally:
        wake_ups.off_wake(runner.wake)
        runner.stop()
        await work
        await tools.aclose()


def _end_process_of_broken(work: asyncio.Task[None]) -> None:
    """A process that only looks as if it worked is worse than one that has ended.

    Whoever supervises it starts it again; its tasks go on elsewhere, or then.
    """
    if not work.cancelled() and (error := work.exception()):
        log.critical("process.broken", exc_info=error)
        os.kill(os.getpid(), signal.SIGTERM)


class RunnerThread:
    """A runner on an event loop of its own, in a process whose main thread is busy."""

    def __init__(self) -> None:
        self._stop = asyncio.Event()
        self._is_stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="runner")

    def start(self) -> None:
        self._thread.start()

    @property
    def is_broken(self) -> bool:
        """Whether it ended without being told to."""
        return not (self._is_stopping or self._thread.is_alive())

    def stop(self) -> None:
        """Begin to end; callable from any thread, and more than once."""
        self._is_stopping = True
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)

    def join(self) -> None:
        """Wait for the end, for as long as an orderly one may take."""
        self._thread.join(settings.STOP_GRACE_SECONDS + STOP_MARGIN_SECONDS)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(self._work())

    async def _work(self) -> None:
        # In this order: whoever stops us either finds the loop, or is seen here.
        self._loop = asyncio.get_running_loop()
        if self._is_stopping:
            return
        with serving_metrics():
            async with carrying(), executing():
                await self._stop.wait()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The quicker loop, as in the web process; where it is not installed, asyncio's."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
