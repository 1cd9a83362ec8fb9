"""`agentarium worker`: one process that runs tasks until it is told to stop.

The runner lives on a thread of its own and is there first: it looks into the database
by itself, so that tasks run while the broker is away. Celery, in the main thread,
only carries wakes to it.
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
from agentarium.cli.serving.garbage_collection import expect_many_objects
from agentarium.cli.terminal import fail

if TYPE_CHECKING:
    from agentarium.worker.process import RunnerThread

log = structlog.get_logger(__name__)

# How often the main thread makes sure that the runner lives.
LOOK_SECONDS = 1.0
# So long Celery is away between its end and its next beginning.
RESTART_SECONDS = 2.0


class Ending:
    """That this process was told to end, at whatever moment of its life.

    It only takes note: an exception out of a signal handler may end up in the wrong
    hands, such as those of a library that is just being imported.
    """

    def __init__(self) -> None:
        self.is_due = threading.Event()
        self._is_at_once = False
        self._hurry: list[Callable[[], None]] = []
        signal.signal(signal.SIGTERM, self._begin)
        signal.signal(signal.SIGINT, self._begin)

    def also(self, hurry: Callable[[], None]) -> None:
        """Have `hurry` called, too; at once if it has begun."""
        self._hurry.append(hurry)
        if self.is_due.is_set():
            hurry()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """While nothing has begun that must end in order: leave from where we are."""
        self._is_at_once = True
        try:
            if self.is_due.is_set():
                sys.exit(0)
            yield
        finally:
            self._is_at_once = False

    def _begin(self, _signal: int, _frame: FrameType | None) -> None:
        self.is_due.set()
        if self._is_at_once:
            sys.exit(0)
        for hurry in self._hurry:
            hurry()


def run_worker(
    *, capacity: int | None, is_model_wanted: bool, is_supervised: bool
) -> None:
    """Run tasks; at SIGTERM or SIGINT take no more, and finish or hand back those."""
    ending = Ending()
    if capacity is not None:
        os.environ["AGENTARIUM_WORKER_CAPACITY"] = str(capacity)
    with project(is_quiet=False):
        from agentarium.cli.database import migrations
        from agentarium.cli.diagnosis.start_checks import start_on_database
        from agentarium.cli.serving.builtin_model import prepare_model
        from agentarium.worker.process import RunnerThread

        if is_supervised:
            threading.Thread(target=_end_with_parent, daemon=True).start()
        with ending.at_once():
            if is_supervised:
                # The supervisor has looked at all else. It may replace a process while
                # the next version is rolled out, whose tables suit this one as well.
                migrations.refuse_older(migrations.await_state())
            else:
                start_on_database()
            prepare_model(is_wanted=is_model_wanted)
        _run(RunnerThread(), ending)


def _run(runner: "RunnerThread", ending: Ending) -> None:
    from django.conf import settings

    expect_many_objects()
    runner.start()
    ending.also(runner.stop)
    threading.Thread(target=_end_with_runner, args=[runner], daemon=True).start()
    try:
        if settings.BROKER_URL:
            _carry_wakes(runner, ending)
        else:
            ending.is_due.wait()
        is_broken = runner.is_broken
    finally:
        runner.stop()
        runner.join()
    if is_broken:
        fail("The runner ended by itself; the log above says why.")


def _carry_wakes(runner: "RunnerThread", ending: Ending) -> None:
    """Be a Celery worker, which knows how to end at a signal once it has started.

    Losing its broker, it may end in an error of its own. It is replaced then: tasks run
    on meanwhile, and are claimed without being woken for.
    """
    from celery import current_app, signals
    from celery.worker import state

    def stop_celery() -> None:
        state.should_stop = 0  # type: ignore[assignment]

    def stop_claiming(**_: Any) -> None:
        ending.is_due.set()
        runner.stop()

    signals.worker_shutting_down.connect(stop_claiming, weak=False)
    ending.also(stop_celery)
    exit_code = 0
    while not ending.is_due.is_set():
        celery_worker = current_app.Worker(
            quiet=True, without_gossip=True, without_mingle=True
        )
        celery_worker.start()
        exit_code = celery_worker.exitcode or 0
        if not ending.is_due.is_set():
            log.warning("worker.celery_ended", exit_code=exit_code)
            ending.is_due.wait(RESTART_SECONDS)
    if exit_code:
        sys.exit(exit_code)


def _end_with_runner(runner: "RunnerThread") -> None:
    """A process without its runner would only look as if it worked."""
    pause = threading.Event()
    while not runner.is_broken:
        pause.wait(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _end_with_parent() -> None:
    """The supervisor holds the other end of our stdin: it closes when that dies."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
