"""`agentarium worker --processes N`: a few worker processes, and who looks after them."""

import os
import subprocess
import sys
import time

from agentarium.cli.project import project
from agentarium.cli.serving.worker import Ending
from agentarium.cli.terminal import say

LOOK_SECONDS = 0.2
# A process that dies at once is not started again at once.
RESTART_SECONDS = 1.0
# Beyond the grace of running tasks, an orderly end may take so long.
STOP_MARGIN_SECONDS = 15.0

Process = subprocess.Popen[bytes]


def supervise(count: int, *, capacity: int | None, is_model_wanted: bool) -> None:
    """Hold `count` worker processes until SIGTERM or SIGINT, then end them all."""
    ending = Ending()
    if capacity is not None:
        os.environ["AGENTARIUM_WORKER_CAPACITY"] = str(capacity)
    with project(is_quiet=False):
        from django.conf import settings

        from agentarium.cli.diagnosis.start_checks import start_on_database
        from agentarium.cli.serving.builtin_model import prepare_model

        with ending.at_once():
            start_on_database()
            prepare_model(is_wanted=is_model_wanted)
        grace = settings.STOP_GRACE_SECONDS + STOP_MARGIN_SECONDS
    command = [sys.executable, "-m", "agentarium.cli", "worker", "--supervised"]
    _supervise(command, count, grace, ending)


def _supervise(command: list[str], count: int, grace: float, ending: Ending) -> None:
    processes = [_start(command) for _ in range(count)]
    while not ending.is_due.wait(LOOK_SECONDS):
        for place, process in enumerate(processes):
            if process.poll() is not None:
                say(f"Worker process {process.pid} ended with {process.returncode}.")
                ending.is_due.wait(RESTART_SECONDS)
                processes[place] = _start(command)
    _end(processes, grace)


def _start(command: list[str]) -> Process:
    # In a session of its own: a Ctrl-C is for us, and we pass it on, once.
    return subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, start_new_session=True
    )


def _end(processes: list[Process], grace: float) -> None:
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + grace
    for process in processes:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
