"""The systems under measurement: Agentarium in both sizes, and the baselines.

Each is started on an empty database and serves at one URL.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from bench import processes, profiler
from bench.lab import SECRET_KEY, Lab


@dataclass(slots=True)
class RunningSystem:
    """A running system; `parts` maps the role of each process to its pid."""

    url: str
    settings: dict[str, str]
    stack: ExitStack
    parts: dict[str, int] = field(default_factory=dict)
    seconds_to_healthy: float = 0.0
    cpu_to_healthy: float = 0.0
    is_profiled: bool = False

    def serve(self, lab: Lab, part: str, *command: str) -> None:
        """Start one of its processes, which runs until the system is stopped."""
        if lab.options.profile:
            output = lab.options.profile / f"{part}.txt"
            command = ("bench.profiler", str(output), *command)
        process = self.stack.enter_context(processes.program(command, self.settings))
        self.parts[part] = process.pid

    @contextmanager
    def measured(self) -> Iterator[Counter[str]]:
        """Yield a counter that holds, after the block, the CPU seconds by part."""
        used: Counter[str] = Counter()
        before = self._cpu()
        self._signal(profiler.BEGIN)
        yield used
        used.update(self._cpu())
        used.subtract(before)
        self._signal(profiler.END)

    def _cpu(self) -> dict[str, float]:
        return {name: processes.cpu_seconds(pid) for name, pid in self.parts.items()}

    def _signal(self, number: int) -> None:
        if self.is_profiled:
            for pid in self.own:
                os.kill(pid, number)

    @property
    def own(self) -> list[int]:
        """Pids of its own processes, without PostgreSQL and Redis."""
        return [pid for name, pid in self.parts.items() if name in {"web", "worker"}]

    def resident_bytes(self) -> int:
        return sum(map(processes.resident_bytes, self.own))

    def peak_bytes(self) -> int:
        return sum(map(processes.peak_bytes, self.own))

    def reset_peak(self) -> None:
        for pid in self.own:
            processes.reset_peak(pid)


Start = Callable[[Lab], AbstractContextManager[RunningSystem]]


@contextmanager
def bare(lab: Lab) -> Iterator[RunningSystem]:
    """asyncio: one process makes the same provider calls and stores nothing."""
    with _begin(lab) as running:
        running.serve(lab, "web", "bench.baselines.bare")
        yield running


@contextmanager
def django(lab: Lab) -> Iterator[RunningSystem]:
    """A bare Django view behind our ASGI server, without tasks."""
    with _begin(lab) as running:
        running.serve(lab, "web", "bench.baselines.django_view")
        yield running


@contextmanager
def celery(lab: Lab) -> Iterator[RunningSystem]:
    """Celery and Redis, 200 threads: a provider call in each job, nothing stored."""
    with _begin(lab) as running:
        running.settings["BROKER_URL"] = lab.new_redis()
        running.parts["redis"] = lab.redis_pid
        for part in ("web", "worker"):
            running.serve(lab, part, "bench.baselines.celery", part)
        yield running


@contextmanager
def plain(lab: Lab) -> Iterator[RunningSystem]:
    """Django, REST framework and Celery as they are usually put together."""
    with _begin(lab) as running:
        running.settings["DATABASE_URL"] = lab.new_empty_database()
        running.settings["AGENTARIUM_BROKER_URL"] = lab.new_redis()
        running.parts |= {"postgresql": lab.postgresql_pid, "redis": lab.redis_pid}
        for part in ("web", "worker"):
            running.serve(lab, part, "bench.baselines.plain", part)
        yield running


@contextmanager
def embedded(lab: Lab) -> Iterator[RunningSystem]:
    """Agentarium as one process on SQLite."""
    with _begin(lab) as running:
        running.serve(lab, "web", "agentarium.cli", "up", "--no-model")
        yield running


@contextmanager
def scaled(lab: Lab) -> Iterator[RunningSystem]:
    """Agentarium as a web and a worker process on PostgreSQL and Redis."""
    with scaled_without_worker(lab) as running:
        start_workers(lab, running, 1)
        yield running


@contextmanager
def scaled_without_worker(lab: Lab) -> Iterator[RunningSystem]:
    """The same without a worker, so that tasks stay pending."""
    with _begin(lab) as running:
        running.settings["DATABASE_URL"] = lab.new_database()
        running.settings["AGENTARIUM_BROKER_URL"] = lab.new_redis()
        running.parts |= {"postgresql": lab.postgresql_pid, "redis": lab.redis_pid}
        running.serve(lab, "web", "agentarium.cli", "web")
        yield running


def start_workers(lab: Lab, running: RunningSystem, processes: int) -> None:
    """Start worker processes; returns before they run tasks."""
    count = str(processes)
    running.serve(lab, "worker", "agentarium.cli", "worker", "--processes", count)


@contextmanager
def _begin(lab: Lab) -> Iterator[RunningSystem]:
    port = processes.free_port()
    with TemporaryDirectory(prefix="agentarium-bench-") as folder, ExitStack() as stack:
        settings = {
            "AGENTARIUM_DATA": str(Path(folder) / "data"),
            "AGENTARIUM_PORT": str(port),
            "AGENTARIUM_SECRET_KEY": SECRET_KEY,
            "AGENTARIUM_LOG_LEVEL": "WARNING",
            "AGENTARIUM_RATE_USER": "1000000/min",
            "AGENTARIUM_RATE_TOKEN": "1000000/min",
            "AGENTARIUM_MAX_PENDING_PER_USER": "0",
            "AGENTARIUM_MAX_RUNNING_PER_USER": "0",
            "AGENTARIUM_MAX_STORED_MB_PER_USER": "0",
            "AGENTARIUM_MAX_STREAMS_PER_USER": "0",
            "OPENAI_API_KEY": "unused",
            "OPENAI_BASE_URL": f"{lab.provider}/v1",
        }
        lab.reset_provider()
        url = f"http://127.0.0.1:{port}"
        is_profiled = bool(lab.options.profile)
        yield RunningSystem(url, settings, stack, is_profiled=is_profiled)


SYSTEMS: dict[str, Start] = {
    "asyncio": bare,
    "django": django,
    "celery": celery,
    "plain": plain,
    "embedded": embedded,
    "scaled": scaled,
    "scaled without worker": scaled_without_worker,
}
OURS = frozenset({"embedded", "scaled"})
# Systems that store a task's output.
STORED = OURS | {"plain"}


@contextmanager
def serving(lab: Lab, name: str) -> Iterator[RunningSystem]:
    """Start the system with that name, and wait until it is healthy."""
    started_at = monotonic()
    with SYSTEMS[name](lab) as running:
        healthy_at = processes.wait_until_healthy(running.url)
        running.seconds_to_healthy = healthy_at - started_at
        running.cpu_to_healthy = sum(map(processes.cpu_seconds, running.own))
        lab.show(name, running.parts)
        yield running
        lab.hold(name, running.url)
