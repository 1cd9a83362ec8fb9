"""Injects faults at random intervals."""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from bench.chaos.faults import postgresql, processes, readers, redis, sqlite
from bench.chaos.faults.fault import Fault, Kind
from bench.chaos.faults.scene import Scene

# The machine has stalled if a sleep of this time takes twice as long.
STALL_SECONDS = 0.25
# How many times as often as others the most important fault is injected.
KILL_WEIGHT = 3

Inject = Callable[[Scene], Coroutine[Any, Any, None]]

SCALED: dict[Kind, Inject] = {
    Kind.KILL_WORKER: processes.kill_worker,
    Kind.KILL_WEB: processes.kill_web,
    Kind.PAUSE_WORKER: processes.pause_executing,
    Kind.PAUSE_WEB: processes.pause_web,
    Kind.CLOCK_AHEAD: processes.set_clock_ahead,
    Kind.POSTGRESQL_AWAY: postgresql.take_away,
    Kind.POSTGRESQL_SILENT: postgresql.silence_for_all,
    Kind.POSTGRESQL_SILENT_FOR_ONE: postgresql.silence_for_one,
    Kind.CONNECTIONS_KILLED: postgresql.kill_connections,
    Kind.TABLE_LOCKED: postgresql.lock_table,
    Kind.REDIS_AWAY: redis.take_away,
    Kind.REDIS_SILENT: redis.silence,
    Kind.REDIS_SLOW: redis.slow_down,
    Kind.READERS_STALLED: readers.never_read,
}
EMBEDDED: dict[Kind, Inject] = {
    Kind.KILL_WEB: processes.kill_web,
    Kind.PAUSE_WORKER: processes.pause_executing,
    Kind.SECOND_SERVER: processes.run_second_server,
    Kind.SQLITE_LOCKED: sqlite.lock,
    Kind.DISK_FULL: sqlite.fill_disk,
    Kind.READERS_STALLED: readers.never_read,
}


@dataclass(slots=True)
class FaultInjector:
    """Injects faults, on average every `gap` seconds; all are over when `run` returns.

    `rng` draws the kinds. Each fault gets one of its own for the rest, so that what is
    drawn does not depend on which of them go on at the same time. If `only` is not
    empty, it names the kinds to inject.
    """

    scene: Scene
    rng: random.Random
    gap: float
    only: frozenset[str] = frozenset()

    async def run(self, seconds: float) -> None:
        """Inject for this long, and until each kind has occurred once."""
        deadline = time.monotonic() + seconds
        kinds, rng = self._kinds(), self.rng
        order = list(kinds)
        rng.shuffle(order)
        weighted = [*kinds, *[next(iter(kinds))] * (KILL_WEIGHT - 1)]
        async with asyncio.TaskGroup() as group:
            while True:
                await asyncio.sleep(self.gap * rng.uniform(0.3, 1.7))
                if not order and time.monotonic() > deadline:
                    break
                kind = order.pop() if order else rng.choice(weighted)
                own = random.Random(rng.random())  # noqa: S311
                group.create_task(kinds[kind](replace(self.scene, rng=own)))

    def _kinds(self) -> dict[Kind, Inject]:
        kinds = SCALED if self.scene.deployment.workers else EMBEDDED
        left_out = set() if self.scene.disk else {Kind.DISK_FULL}
        return {
            kind: inject
            for kind, inject in kinds.items()
            if kind not in left_out and (not self.only or kind in self.only)
        }

    async def record_stalls(self) -> None:
        """Record stalls of the machine, until cancelled."""
        while True:
            started_at = time.time()
            await asyncio.sleep(STALL_SECONDS)
            if time.time() - started_at > 2 * STALL_SECONDS:
                stall = Fault(Kind.STALL, started_at, time.time())
                self.scene.happened.append(stall)
