"""`python -m bench.profiler OUTPUT MODULE [ARGUMENT...]`: profile the CPU of a module.

Profiling starts at the signal BEGIN and ends at END, which writes OUTPUT. Every few
milliseconds it samples each thread's stack, weighted with the CPU time that the thread
used since the last sample. So waiting does not count, and the overhead is small.
"""

import runpy
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType

# Real-time signals, because Celery uses SIGUSR1 and SIGUSR2.
BEGIN = signal.SIGRTMIN + 1
END = signal.SIGRTMIN + 2
INTERVAL = 0.002
SHOWN = 50
# Short, so that the sampling thread gets the interpreter lock in time.
SWITCH_INTERVAL = 0.0005

Stack = tuple[CodeType, ...]


class Sampler:
    def __init__(self, output: Path) -> None:
        self._output = output
        self._clocks: dict[int, int] = {}
        self._samples: Counter[Stack] = Counter()
        self._is_finished = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def begin(self, *_: object) -> None:
        sys.setswitchinterval(SWITCH_INTERVAL)
        self._thread.start()

    def end(self, *_: object) -> None:
        self._is_finished.set()
        self._thread.join()
        self._output.parent.mkdir(parents=True, exist_ok=True)
        self._output.write_text("\n".join(self._report()))

    def _run(self) -> None:
        own = threading.get_ident()
        while not self._is_finished.wait(INTERVAL):
            for thread, frame in sys._current_frames().items():
                if thread != own:
                    self._sample(thread, frame)

    def _sample(self, thread: int, frame: FrameType) -> None:
        used = time.clock_gettime_ns(time.pthread_getcpuclockid(thread))
        spent = used - self._clocks.get(thread, used)
        self._clocks[thread] = used
        if spent:
            self._samples[tuple(_codes(frame))] += spent

    def _report(self) -> Iterator[str]:
        own: Counter[CodeType] = Counter()
        cumulative: Counter[CodeType] = Counter()
        for stack, spent in self._samples.items():
            own[stack[0]] += spent
            cumulative.update(dict.fromkeys(stack, spent))
        total = self._samples.total() or 1
        yield f"{total / 1e9:.2f} s of CPU"
        for title, counter in (("own time", own), ("cumulative time", cumulative)):
            yield f"\n{title}:"
            for code, spent in counter.most_common(SHOWN):
                yield f"{spent / total:7.1%}  {code.co_qualname}  {_place(code)}"
        yield "\nstacks:"
        for stack, spent in self._samples.most_common():
            names = ";".join(code.co_qualname for code in reversed(stack))
            yield f"{names} {spent // 1000}"


def _codes(frame: FrameType | None) -> Iterator[CodeType]:
    while frame:
        yield frame.f_code
        frame = frame.f_back


def _place(code: CodeType) -> str:
    parts = Path(code.co_filename).parts[-3:]
    return f"{'/'.join(parts)}:{code.co_firstlineno}"


def main() -> None:
    output, module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    sampler = Sampler(Path(output))
    signal.signal(BEGIN, sampler.begin)
    signal.signal(END, sampler.end)
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
