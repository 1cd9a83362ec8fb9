"""`agentarium worker`: one process that runs tasks until it is told to stop.

The runner lives on a thread of its own and is there first: it looks into the database
by itself, so that tasks run while the broker is away. Celery, in the main thread,
only carries wakes to it.
"""

import os
import signal
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING, Any

from agentarium.cli.project import project
from agentarium.cli.terminal import fail

if TYPE_CHECKING:
    from agentarium.worker.process import RunnerThread

# How often the main thread makes sure that the runner lives.
LOOK_SECONDS = 1.0


def run_worker(*, capacity: int | None, is_supervised: bool) -> None:
    """Run tasks; at SIGTERM or SIGINT take no more, and finish or hand back those."""
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    if capacity is not None:
        os.environ["AGENTARIUM_WORKER_CAPACITY"] = str(capacity)
    with project(is_quiet=False):
        from agentarium.cli import migrations
        from agentarium.worker.process import RunnerThread

        migrations.refuse_older(migrations.read_state())
        if is_supervised:
            threading.Thread(target=_end_with_parent, daemon=True).start()
        _run(RunnerThread())


def _run(runner: "RunnerThread") -> None:
    from django.conf import settings

    runner.start()
    threading.Thread(target=_end_with_runner, args=[runner], daemon=True).start()
    try:
        if settings.BROKER_URL:
            _carry_wakes(runner)
        else:
            _wait_for_signal()
        is_broken = runner.is_broken
    finally:
        runner.stop()
        runner.join()
    if is_broken:
        fail("The runner ended by itself; the log above says why.")


def _carry_wakes(runner: "RunnerThread") -> None:
    """Be a Celery worker, which knows how to end at a signal."""
    from celery import current_app, signals

    def stop_claiming(**_: Any) -> None:
        runner.stop()

    signals.worker_shutting_down.connect(stop_claiming, weak=False)
    celery_worker = current_app.Worker(
        quiet=True, without_gossip=True, without_mingle=True
    )
    celery_worker.start()
    if celery_worker.exitcode:
        sys.exit(celery_worker.exitcode)


def _wait_for_signal() -> None:
    is_over = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        is_over.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    is_over.wait()


def _leave(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


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
