"""What is measured: Agentarium in both sizes, and what stands beside it.

Each system is started afresh, on a database of its own, and serves at one URL.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from bench import processes, profiled
from bench.lab import Lab


@dataclass(slots=True)
class Running:
    """A system that serves; `parts` are its processes by what they do."""

    url: str
    parts: dict[str, int] = field(default_factory=dict)
    seconds_to_healthy: float = 0.0
    is_profiled: bool = False

    @contextmanager
    def measured(self) -> Iterator[Counter[str]]:
        """What is done herein; at its end, the CPU seconds that it took, by part."""
        used: Counter[str] = Counter()
        before = self._cpu()
        self._signal(profiled.BEGIN)
        yield used
        used.update(self._cpu())
        used.subtract(before)
        self._signal(profiled.END)

    def _cpu(self) -> dict[str, float]:
        return {name: processes.cpu_seconds(pid) for name, pid in self.parts.items()}

    def _signal(self, number: int) -> None:
        if self.is_profiled:
            for pid in self.own:
                os.kill(pid, number)

    @property
    def own(self) -> list[int]:
        """Its own processes: not the database's, nor the broker's."""
        return [pid for name, pid in self.parts.items() if name in {"web", "worker"}]

    def resident_bytes(self) -> int:
        return sum(map(processes.resident_bytes, self.own))

    def peak_bytes(self) -> int:
        return sum(map(processes.peak_bytes, self.own))

    def forget_peak(self) -> None:
        for pid in self.own:
            processes.forget_peak(pid)


@dataclass(frozen=True, slots=True)
class Options:
    """What a measurement asks of a system; each has its own idea of a worker."""

    worker_processes: int = 1
    # Further settings of Agentarium's own processes.
    settings: Mapping[str, str] = field(default_factory=dict)


Start = Callable[[Lab, Options], AbstractContextManager[Running]]


@contextmanager
def bare(lab: Lab, _: Options) -> Iterator[Running]:
    """asyncio: one process makes the same provider calls and stores nothing."""
    with _begin(lab) as (running, stack, settings):
        lab.serve(stack, running.parts, "web", ("bench.baselines.bare",), settings)
        yield running


@contextmanager
def celery(lab: Lab, _: Options) -> Iterator[Running]:
    """Celery and Redis, 200 threads: a provider call in each job, nothing stored."""
    with _begin(lab) as (running, stack, settings):
        settings["BROKER_URL"] = lab.new_redis()
        running.parts["redis"] = lab.redis_pid
        for part in ("web", "worker"):
            command = ("bench.baselines.celery", part)
            lab.serve(stack, running.parts, part, command, settings)
        yield running


@contextmanager
def embedded(lab: Lab, options: Options) -> Iterator[Running]:
    """Agentarium as one process on SQLite."""
    with _begin(lab, options) as (running, stack, settings):
        command = ("agentarium.cli", "up", "--no-model")
        lab.serve(stack, running.parts, "web", command, settings)
        yield running


@contextmanager
def scaled(lab: Lab, options: Options) -> Iterator[Running]:
    """Agentarium as a web and a worker process on PostgreSQL and Redis."""
    with _begin(lab, options) as (running, stack, settings):
        settings["DATABASE_URL"] = lab.new_database()
        settings["AGENTARIUM_BROKER_URL"] = lab.new_redis()
        running.parts |= {"postgresql": lab.postgresql_pid, "redis": lab.redis_pid}
        count = options.worker_processes
        worker = ["agentarium.cli", "worker", "--processes", str(count)]
        lab.serve(stack, running.parts, "web", ("agentarium.cli", "web"), settings)
        if count:
            lab.serve(stack, running.parts, "worker", worker, settings)
        yield running


@contextmanager
def _begin(
    lab: Lab, options: Options | None = None
) -> Iterator[tuple[Running, ExitStack, dict[str, str]]]:
    port = processes.free_port()
    with TemporaryDirectory(prefix="agentarium-bench-") as folder, ExitStack() as stack:
        settings = {
            "AGENTARIUM_DATA": str(Path(folder) / "data"),
            "AGENTARIUM_PORT": str(port),
            "AGENTARIUM_LOG_LEVEL": "WARNING",
            "AGENTARIUM_RATE_USER": "1000000/min",
            "AGENTARIUM_RATE_TOKEN": "1000000/min",
            "AGENTARIUM_MAX_PENDING_PER_USER": "0",
            "OPENAI_API_KEY": "unused",
            "OPENAI_BASE_URL": f"{lab.provider}/v1",
            **(options.settings if options else {}),
        }
        lab.reset_provider()
        url = f"http://127.0.0.1:{port}"
        yield Running(url, is_profiled=bool(lab.wishes.profile)), stack, settings


SYSTEMS: dict[str, Start] = {
    "asyncio": bare,
    "celery": celery,
    "embedded": embedded,
    "scaled": scaled,
}


@contextmanager
def serving(lab: Lab, name: str, options: Options | None = None) -> Iterator[Running]:
    """The system of that name, healthy."""
    began_at = monotonic()
    with SYSTEMS[name](lab, options or Options()) as running:
        running.seconds_to_healthy = (
            processes.wait_until_healthy(running.url) - began_at
        )
        lab.show(name, running.parts)
        yield running
        lab.hold(name, running.url)
