"""`python -m bench.chaos.shifted_clock SECONDS COMMAND...`: a command with a wrong clock.

It runs the `agentarium` command in a process whose wall clock, `time.time` and Django's
`timezone.now`, is ahead by `SECONDS`. Its monotonic clock is right, as on a machine
whose time was set wrongly.
"""

import sys
import time
from datetime import datetime, timedelta
from runpy import run_module

from django.utils import timezone


def shift_clock(seconds: float) -> None:
    """Call this before the program is imported."""
    right_time, right_now = time.time, timezone.now

    def now() -> datetime:
        return right_now() + timedelta(seconds=seconds)

    time.time = lambda: right_time() + seconds
    time.time_ns = lambda: int(time.time() * 1e9)
    timezone.now = now


if __name__ == "__main__":
    shift_clock(float(sys.argv.pop(1)))
    run_module("agentarium.cli", run_name="__main__", alter_sys=True)
