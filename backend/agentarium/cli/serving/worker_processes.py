"""`agentarium worker --processes N`: supervise several worker processes."""

import os
import subprocess
import sys
import time

from agentarium.cli.project import project
from agentarium.cli.serving.worker import StopRequest
from agentarium.cli.terminal import say

POLL_SECONDS = 0.2
# Pause before a dead process is replaced, in case it always dies immediately.
RESTART_SECONDS = 1.0
# Time for a shutdown, in addition to the grace period of running tasks.
STOP_MARGIN_SECONDS = 15.0

Process = subprocess.Popen[bytes]


def supervise(count: int, *, capacity: int | None, is_model_wanted: bool) -> None:
    """Keep `count` worker processes running until SIGTERM or SIGINT, then stop them."""
    stop_request = StopRequest()
    if capacity is not None:
        os.environ["AGENTARIUM_WORKER_CAPACITY"] = str(capacity)
    with project(is_quiet=False):
        from django.conf import settings

        from agentarium.cli.diagnosis.start_checks import enforce_start_checks
        from agentarium.cli.serving.builtin_model import prepare_model

        with stop_request.exiting_immediately():
            enforce_start_checks()
            prepare_model(is_wanted=is_model_wanted)
        grace = settings.STOP_GRACE_SECONDS + STOP_MARGIN_SECONDS
    command = [sys.executable, "-m", "agentarium.cli", "worker", "--supervised"]
    _supervise(command, count, grace, stop_request)


def _supervise(
    command: list[str], count: int, grace: float, stop_request: StopRequest
) -> None:
    processes = [_start(command) for _ in range(count)]
    while not stop_request.received.wait(POLL_SECONDS):
        for index, process in enumerate(processes):
            if process.poll() is not None:
                say(
                    f"Worker process {process.pid} stopped with exit code "
                    f"{process.returncode}. Starting another one."
                )
                stop_request.received.wait(RESTART_SECONDS)
                processes[index] = _start(command)
    stop_request.call_on_second(lambda: _terminate(processes))
    _stop(processes, grace)


def _start(command: list[str]) -> Process:
    # In a separate session, so that a Ctrl-C reaches only us; we then stop the process.
    return subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, start_new_session=True
    )


def _terminate(processes: list[Process]) -> None:
    for process in processes:
        process.terminate()


def _stop(processes: list[Process], grace: float) -> None:
    _terminate(processes)
    deadline = time.monotonic() + grace
    for process in processes:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
