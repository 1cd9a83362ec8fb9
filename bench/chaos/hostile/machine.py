"""`python -m bench.chaos.hostile.machine FOLDER PID...` measures the machine.

A fixed loop, idle most of the time, shows how long a process waits for a processor. The
memory of the given processes is summed up, with that of their children.
"""

import os
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from bench.chaos.hostile.samples import LoopRun, Memory, Writer

PAUSE_SECONDS = 0.01
WORK = range(40_000)
MEMORY_SECONDS = 0.2
PAGE = os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    folder, *pids = sys.argv[1:]
    measure(Path(folder), [int(pid) for pid in pids])


def measure(folder: Path, pids: list[int]) -> None:
    """Measure until the process is terminated."""
    loops, memory = Writer(folder / "loops"), Writer(folder / "memory")
    due_at = 0.0
    while True:
        loops.write(_run_loop())
        if time.monotonic() >= due_at:
            memory.write(Memory(time.monotonic(), _resident(pids)))
            due_at = time.monotonic() + MEMORY_SECONDS


def _run_loop() -> LoopRun:
    started_at, cpu = time.monotonic(), time.thread_time()
    time.sleep(PAUSE_SECONDS)
    sum(WORK)
    seconds = time.monotonic() - started_at
    used = time.thread_time() - cpu
    return LoopRun(started_at, seconds, max(0.0, seconds - used - PAUSE_SECONDS))


def _resident(pids: Iterable[int]) -> int:
    return sum(_resident_of(pid) + _resident(_children(pid)) for pid in pids)


def _resident_of(pid: int) -> int:
    # It may have ended.
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    return 0


def _children(pid: int) -> list[int]:
    children: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            children += map(int, (thread / "children").read_text().split())
    return children


if __name__ == "__main__":
    main()
