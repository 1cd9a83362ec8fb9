"""`agentarium worker`: one process that runs tasks until a signal stops it.

The runner has a thread of its own, which starts first. It polls the database, so tasks
run even while the broker is away. Celery, in the main thread, only forwards wake-ups
to it.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

import structlog

from agentarium.cli.project import project
from agentarium.cli.serving.garbage_collection import freeze_loaded_objects
from agentarium.cli.terminal import fail

if TYPE_CHECKING:
    from agentarium.worker.process import RunnerThread

log = structlog.get_logger(__name__)

# How often the watch thread checks that the runner is alive.
POLL_SECONDS = 1.0
# Pause before Celery is started again after it stopped.
RESTART_SECONDS = 2.0


class StopRequest:
    """Records that SIGTERM or SIGINT has arrived, at any point of the process's life.

    The handler does not raise, except inside `exiting_immediately`: an exception from a
    signal handler could be caught by any code, such as a library that is being imported.
    """

    def __init__(self) -> None:
        self.received = threading.Event()
        self._exits_immediately = False
        self._callbacks: list[Callable[[], None]] = []
        self._callbacks_of_second: list[Callable[[], None]] = []
        self.handle_signals()

    def handle_signals(self) -> None:
        """Call `_receive` on a signal, also after a library had handlers of its own."""
        signal.signal(signal.SIGTERM, self._receive)
        signal.signal(signal.SIGINT, self._receive)

    def call(self, callback: Callable[[], None]) -> None:
        """Call `callback` when the signal arrives, or now if it has arrived."""
        self._callbacks.append(callback)
        if self.received.is_set():
            callback()

    def call_on_second(self, callback: Callable[[], None]) -> None:
        """Call `callback` on each further signal."""
        self._callbacks_of_second.append(callback)

    @contextmanager
    def exiting_immediately(self) -> Iterator[None]:
        """Exit the process on a signal, while nothing needs a graceful shutdown."""
        self._exits_immediately = True
        try:
            if self.received.is_set():
                sys.exit(0)
            yield
        finally:
            self._exits_immediately = False

    def _receive(self, _signal: int, _frame: FrameType | None) -> None:
        if self._exits_immediately:
            self.received.set()
            sys.exit(0)
        is_second = self.received.is_set()
        self.received.set()
        for callback in self._callbacks_of_second if is_second else self._callbacks:
            callback()


def run_worker(
    *, capacity: int | None, is_model_wanted: bool, is_supervised: bool
) -> None:
    """Run tasks. On SIGTERM or SIGINT claim no more; finish or release the running ones.

    A second signal releases them immediately.
    """
    stop_request = StopRequest()
    if capacity is not None:
        os.environ["AGENTARIUM_WORKER_CAPACITY"] = str(capacity)
    with project(is_quiet=False):
        from agentarium.cli.database import migrations
        from agentarium.cli.diagnosis.start_checks import enforce_start_checks
        from agentarium.cli.serving.builtin_model import prepare_model
        from agentarium.server.connections.descriptors import raise_limit
        from agentarium.worker.process import RunnerThread

        raise_limit()
        if is_supervised:
            threading.Thread(target=_stop_when_supervisor_exits, daemon=True).start()
        with stop_request.exiting_immediately():
            if is_supervised:
                # The supervisor has done the other checks. It may replace a process
                # during an upgrade, when the tables are newer but compatible.
                migrations.refuse_older(migrations.wait_for_state())
            else:
                enforce_start_checks()
            prepare_model(is_wanted=is_model_wanted)
        _run(RunnerThread(), stop_request)


def _run(runner: "RunnerThread", stop_request: StopRequest) -> None:
    from django.conf import settings

    from agentarium.worker.process import end_grace

    freeze_loaded_objects()
    runner.start()
    stop_request.call(runner.stop)
    stop_request.call_on_second(end_grace)
    threading.Thread(
        target=_stop_when_runner_breaks, args=[runner], daemon=True
    ).start()
    try:
        if settings.BROKER_URL:
            _forward_wake_ups(runner, stop_request)
        else:
            stop_request.received.wait()
        is_broken = runner.is_broken
    finally:
        runner.stop()
        runner.join()
    if is_broken:
        fail("The runner stopped because of an error: see the log above.")


def _forward_wake_ups(runner: "RunnerThread", stop_request: StopRequest) -> None:
    """Run a Celery worker, which handles signals by itself once it has started.

    It may stop with an error when it loses its broker, and is then started again. Tasks
    keep running meanwhile, and polling claims new ones.
    """
    from celery import current_app, signals
    from celery.worker import state

    from agentarium.observability.background import record_failure
    from agentarium.worker.process import end_grace

    def stop_celery() -> None:
        state.should_stop = 0  # type: ignore[assignment]

    def stop_claiming(**_: Any) -> None:
        if stop_request.received.is_set():
            end_grace()
        stop_request.received.set()
        runner.stop()

    signals.worker_shutting_down.connect(stop_claiming, weak=False)
    stop_request.call(stop_celery)
    exit_code = 0
    while not stop_request.received.is_set():
        exit_code = 0
        try:
            celery_worker = current_app.Worker(
                quiet=True, without_gossip=True, without_mingle=True
            )
            celery_worker.start()
            exit_code = celery_worker.exitcode or 0
        except Exception as error:  # noqa: BLE001 - tasks run without wake-ups, too
            record_failure("wake-ups", error)
        if not stop_request.received.is_set():
            log.warning("worker.celery_stopped", exit_code=exit_code)
            stop_request.received.wait(RESTART_SECONDS)
    stop_request.handle_signals()
    if exit_code:
        sys.exit(exit_code)


def _stop_when_runner_breaks(runner: "RunnerThread") -> None:
    """Stop the process if the runner breaks: without it, the process does nothing."""
    pause = threading.Event()
    while not runner.is_broken:
        pause.wait(POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _stop_when_supervisor_exits() -> None:
    """Our stdin is a pipe from the supervisor, which closes when the supervisor dies."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
