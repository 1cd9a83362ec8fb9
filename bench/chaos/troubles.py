"""What goes wrong, and when."""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from bench.chaos.house import House, Program
from bench.chaos.services import Service

LEASE_SECONDS = 10.0
# A program that is to be woken after such a time, and is not after twice that.
STALL_SECONDS = 0.25
STALL = "machine stalls"

Happen = Callable[[], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class Trouble:
    """`worker` is the name of the worker it happened to; times are of the clock."""

    kind: str
    began_at: float
    ended_at: float | None = None
    worker: str = ""

    def overlaps(self, start: float, end: float) -> bool:
        return self.began_at <= end and (self.ended_at or end) >= start


@dataclass(slots=True)
class Troubles:
    """Makes trouble for a while; all is well again when `run` returns."""

    house: House
    services: dict[str, Service]
    chance: random.Random
    # Between two troubles, on average.
    gap: float
    happened: list[Trouble] = field(default_factory=list)
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _busy: set[str] = field(default_factory=set)

    async def run(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        kinds = self._kinds()
        # The first ones in turn, so that a short run has seen each.
        order = list(kinds)
        self.chance.shuffle(order)
        while True:
            await asyncio.sleep(self.gap * self.chance.uniform(0.3, 1.7))
            if time.monotonic() > deadline:
                break
            kind = order.pop() if order else self.chance.choice(self._weighted(kinds))
            task = asyncio.create_task(kinds[kind]())
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        if self._under_way:
            await asyncio.gather(*self._under_way)

    def _kinds(self) -> dict[str, Happen]:
        kinds: dict[str, Happen] = {}
        if self.house.workers:
            kinds["worker"] = self._kill_worker
        kinds["web"] = self._kill_web
        kinds["pause"] = self._pause_executing
        if self.house.workers:
            kinds["pause web"] = self._pause_web
        if "redis" in self.services:
            kinds["redis"] = self._take_redis
        if "postgresql" in self.services:
            kinds["postgresql"] = self._restart_postgresql
        return kinds

    def _weighted(self, kinds: dict[str, Happen]) -> list[str]:
        often = "worker" if "worker" in kinds else "web"
        return [kind for kind in kinds for _ in range(3 if kind == often else 1)]

    async def _kill_worker(self) -> None:
        await self._kill("kill worker", self.house.workers)

    async def _kill_web(self) -> None:
        """Not one that is only beginning: on a slow machine none would ever serve."""
        if "web" in self._busy:
            return
        self._busy.add("web")
        trouble = await self._kill("kill web", [self.house.web])
        await self.house.wait_until_up()
        trouble.ended_at = time.time()
        self._busy.discard("web")

    async def _kill(self, kind: str, programs: list[Program]) -> Trouble:
        program = self.chance.choice(programs)
        trouble = self._note(kind, program.worker_name)
        await program.kill()
        program.start()
        trouble.ended_at = time.time()
        return trouble

    async def _pause_executing(self) -> None:
        """For longer than a lease."""
        running = [one for one in self.house.executing if not one.is_paused]
        if running:
            seconds = LEASE_SECONDS + self.chance.uniform(1, 6)
            await self._pause("pause worker", self.chance.choice(running), seconds)

    async def _pause_web(self) -> None:
        """For long enough that those who ask may give up."""
        if not self.house.web.is_paused:
            seconds = self.chance.uniform(1, LEASE_SECONDS)
            await self._pause("pause web", self.house.web, seconds)

    async def _pause(self, kind: str, program: Program, seconds: float) -> None:
        trouble = self._note(kind, program.worker_name)
        pid = program.pause()
        await asyncio.sleep(seconds)
        if program.pid == pid:
            program.go_on()
        trouble.ended_at = time.time()

    async def _take_redis(self) -> None:
        await self._take_away("redis", away=self.chance.uniform(0.5, 6))

    async def _restart_postgresql(self) -> None:
        """Now and then for longer than a lease."""
        longest = self.chance.choice((2, 2, LEASE_SECONDS + 5))
        await self._take_away("postgresql", away=self.chance.uniform(0, longest))

    async def _take_away(self, name: str, *, away: float) -> None:
        if name in self._busy:
            return
        self._busy.add(name)
        trouble = self._note(f"{name} away")
        await self.services[name].kill()
        await asyncio.sleep(away)
        await self.services[name].start()
        trouble.ended_at = time.time()
        self._busy.discard(name)

    async def notice_stalls(self) -> None:
        """Note when this machine had no time for anybody, until cancelled."""
        while True:
            began_at = time.time()
            await asyncio.sleep(STALL_SECONDS)
            if time.time() - began_at > 2 * STALL_SECONDS:
                self.happened.append(Trouble(STALL, began_at, time.time()))

    def _note(self, kind: str, worker: str = "") -> Trouble:
        trouble = Trouble(kind, time.time(), worker=worker)
        self.happened.append(trouble)
        return trouble
