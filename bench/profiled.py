"""`python -m bench.profiled OUTPUT MODULE [ARGUMENT...]`: a module, and where its CPU goes.

Each thread is profiled by its own CPU time, so that waiting counts for nothing; the
sum of all is written to OUTPUT when the module ends. Profiling makes everything two to
three times slower: read shares in it, and times elsewhere.
"""

import cProfile
import pstats
import runpy
import sys
import threading
import time
from pathlib import Path
from typing import Any

SHOWN = 60


class Profiler:
    def __init__(self) -> None:
        self._profiles: list[cProfile.Profile] = []
        threading.setprofile(self._begin)

    def begin(self) -> None:
        """Profile the thread that calls."""
        profile = cProfile.Profile(time.thread_time)
        self._profiles.append(profile)
        profile.enable()

    def _begin(self, *_: Any) -> None:
        """The first call in a new thread."""
        sys.setprofile(None)
        self.begin()

    def write(self, output: Path) -> None:
        output.parent.mkdir(parents=True, exist_ok=True)
        with output.open("w") as stream:
            stats = pstats.Stats(*self._profiles, stream=stream)
            for order in ("tottime", "cumulative"):
                stats.sort_stats(order).print_stats(SHOWN)
        stats.dump_stats(output.with_suffix(".pstats"))


def main() -> None:
    output, module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    profiler = Profiler()
    profiler.begin()
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        threading.setprofile(None)
        sys.setprofile(None)
        profiler.write(Path(output))


if __name__ == "__main__":
    main()
