"""Injects faults: kills and pauses processes, and takes services away."""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from bench.chaos.deployment import Deployment, Program
from bench.chaos.services import Service

LEASE_SECONDS = 10.0
# The machine has stalled if a sleep of this time takes twice as long.
STALL_SECONDS = 0.25
STALL = "machine stalls"

Inject = Callable[[], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class Fault:
    """A fault, with Unix times; `worker` is the name of the affected worker."""

    kind: str
    started_at: float
    ended_at: float | None = None
    worker: str = ""

    def overlaps(self, start: float, end: float) -> bool:
        return self.started_at <= end and (self.ended_at or end) >= start


@dataclass(slots=True)
class FaultInjector:
    """Injects faults at random intervals; all are over when `run` returns."""

    deployment: Deployment
    services: dict[str, Service]
    rng: random.Random
    # Average seconds between two faults.
    gap: float
    happened: list[Fault] = field(default_factory=list)
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _busy: set[str] = field(default_factory=set)

    async def run(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        kinds = self._kinds()
        # Each kind occurs once first, so that a short run covers all of them.
        order = list(kinds)
        self.rng.shuffle(order)
        while True:
            await asyncio.sleep(self.gap * self.rng.uniform(0.3, 1.7))
            if time.monotonic() > deadline:
                break
            kind = order.pop() if order else self.rng.choice(self._weighted(kinds))
            task = asyncio.create_task(kinds[kind]())
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        if self._under_way:
            await asyncio.gather(*self._under_way)

    def _kinds(self) -> dict[str, Inject]:
        kinds: dict[str, Inject] = {}
        if self.deployment.workers:
            kinds["worker"] = self._kill_worker
        kinds["web"] = self._kill_web
        kinds["pause"] = self._pause_executing
        if self.deployment.workers:
            kinds["pause web"] = self._pause_web
        if "redis" in self.services:
            kinds["redis"] = self._restart_redis
        if "postgresql" in self.services:
            kinds["postgresql"] = self._restart_postgresql
        return kinds

    def _weighted(self, kinds: dict[str, Inject]) -> list[str]:
        frequent = "worker" if "worker" in kinds else "web"
        return [kind for kind in kinds for _ in range(3 if kind == frequent else 1)]

    async def _kill_worker(self) -> None:
        await self._kill("kill worker", self.deployment.workers)

    async def _kill_web(self) -> None:
        """Skipped while it starts: on a slow machine it would never serve."""
        if "web" in self._busy:
            return
        self._busy.add("web")
        fault = await self._kill("kill web", [self.deployment.web])
        await self.deployment.wait_until_up()
        fault.ended_at = time.time()
        self._busy.discard("web")

    async def _kill(self, kind: str, programs: list[Program]) -> Fault:
        program = self.rng.choice(programs)
        fault = self._record(kind, program.worker_name)
        await program.kill()
        program.start()
        fault.ended_at = time.time()
        return fault

    async def _pause_executing(self) -> None:
        """Pause it for longer than a lease."""
        running = [one for one in self.deployment.runners if not one.is_paused]
        if running:
            seconds = LEASE_SECONDS + self.rng.uniform(1, 6)
            await self._pause("pause worker", self.rng.choice(running), seconds)

    async def _pause_web(self) -> None:
        """Pause it long enough that clients may time out."""
        if not self.deployment.web.is_paused:
            seconds = self.rng.uniform(1, LEASE_SECONDS)
            await self._pause("pause web", self.deployment.web, seconds)

    async def _pause(self, kind: str, program: Program, seconds: float) -> None:
        fault = self._record(kind, program.worker_name)
        pid = program.pause()
        await asyncio.sleep(seconds)
        if program.pid == pid:
            program.resume()
        fault.ended_at = time.time()

    async def _restart_redis(self) -> None:
        await self._take_away("redis", away=self.rng.uniform(0.5, 6))

    async def _restart_postgresql(self) -> None:
        """Sometimes it is away for longer than a lease."""
        longest = self.rng.choice((2, 2, LEASE_SECONDS + 5))
        await self._take_away("postgresql", away=self.rng.uniform(0, longest))

    async def _take_away(self, name: str, *, away: float) -> None:
        if name in self._busy:
            return
        self._busy.add(name)
        fault = self._record(f"{name} away")
        await self.services[name].kill()
        await asyncio.sleep(away)
        await self.services[name].start()
        fault.ended_at = time.time()
        self._busy.discard(name)

    async def record_stalls(self) -> None:
        """Record stalls of the machine, until cancelled."""
        while True:
            started_at = time.time()
            await asyncio.sleep(STALL_SECONDS)
            if time.time() - started_at > 2 * STALL_SECONDS:
                self.happened.append(Fault(STALL, started_at, time.time()))

    def _record(self, kind: str, worker: str = "") -> Fault:
        fault = Fault(kind, time.time(), worker=worker)
        self.happened.append(fault)
        return fault
