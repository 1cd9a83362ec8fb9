"""The runner of this process: on the web server's loop, or on a thread of its own."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import structlog
from django.conf import settings

from agentarium.observability import stuck_threads
from agentarium.observability.background import repeat_on_failure
from agentarium.providers.services import provider_configs
from agentarium.runtime.providers.registry import ModelClients
from agentarium.streaming import shared
from agentarium.tasks import wake_ups
from agentarium.worker.attempt.toolbox import ToolboxFactory
from agentarium.worker.metrics_server import serving_metrics
from agentarium.worker.runner import Runner

log = structlog.get_logger(__name__)

# How long a shutdown may take beyond the grace period of running tasks.
STOP_MARGIN_SECONDS = 10.0

# The run of the runner on the web server's loop, if there is one.
_runs: list["asyncio.Task[None]"] = []
_runners: set[Runner] = set()


def end_grace() -> None:
    """Stop the runner of this process, and release its tasks without waiting for them.

    Callable from any thread, and from a signal handler.
    """
    for runner in tuple(_runners):
        runner.hurry()


def make_runner(toolboxes: ToolboxFactory) -> Runner:
    return Runner(
        pubsub=shared.pubsub(),
        clients=ModelClients(provider_configs()),
        open_toolbox=toolboxes.open,
        capacity=settings.WORKER_CAPACITY,
    )


@asynccontextmanager
async def pubsub_lifespan() -> AsyncIterator[None]:
    """Exchange live output with other processes, on this event loop."""
    work = asyncio.create_task(repeat_on_failure("pubsub", shared.pubsub().run))
    try:
        yield
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


@asynccontextmanager
async def runner_lifespan() -> AsyncIterator[None]:
    """Run tasks on this event loop; on exit, finish them or release them."""
    toolboxes = ToolboxFactory()
    runner = make_runner(toolboxes)
    wake_ups.on_wake(runner.wake)
    work = asyncio.create_task(runner.run())
    _runs[:] = [work]
    work.add_done_callback(_end_process_on_error)
    _runners.add(runner)
    try:
        yield
    finally:
        wake_ups.off_wake(runner.wake)
        runner.stop()
        await work
        _runners.discard(runner)
        await toolboxes.aclose()


def runner_problem() -> str:
    """What is wrong with the runner on the web server's loop; "" if there is none."""
    return "has stopped" if any(run.done() for run in _runs) else ""


def _end_process_on_error(work: asyncio.Task[None]) -> None:
    """End the process: one that only looks alive is worse than none.

    Its supervisor starts it again. Its tasks continue then, or in another process.
    """
    if not work.cancelled() and (error := work.exception()):
        log.critical("process.broken", exc_info=error)
        os.kill(os.getpid(), signal.SIGTERM)


class RunnerThread:
    """A runner on a thread with its own event loop, for a worker process."""

    def __init__(self) -> None:
        self._stop = asyncio.Event()
        self._is_stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="runner")

    def start(self) -> None:
        self._thread.start()

    @property
    def is_broken(self) -> bool:
        """Whether the thread ended although `stop` was not called."""
        return not (self._is_stopping or self._thread.is_alive())

    def stop(self) -> None:
        """Start the shutdown; callable from any thread, and more than once."""
        self._is_stopping = True
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)

    def join(self) -> None:
        """Wait until the runner has shut down. Ends the process if it does not."""
        self._thread.join(settings.STOP_GRACE_SECONDS + STOP_MARGIN_SECONDS)
        if self._thread.is_alive():
            stuck_threads.end_process("the shutdown of the runner")

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(self._run_until_stopped())

    async def _run_until_stopped(self) -> None:
        # In this order: `stop` either finds the loop, or is noticed here.
        self._loop = asyncio.get_running_loop()
        if self._is_stopping:
            return
        with serving_metrics(self._loop):
            async with pubsub_lifespan(), runner_lifespan():
                await self._stop.wait()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop, as in the web process; None for asyncio's, if it is not installed."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
