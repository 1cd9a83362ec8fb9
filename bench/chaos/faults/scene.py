"""What faults break, and where they are recorded."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bench.chaos.deployment import Deployment
from bench.chaos.faults.fault import Fault, Kind
from bench.chaos.limited_disk import LimitedDisk
from bench.chaos.proxy import Proxy
from bench.chaos.services import Service
from bench.chaos.users import Users


@dataclass(slots=True)
class Scene:
    """`database_proxies` are those of the web process and of each worker, in order."""

    deployment: Deployment
    users: Users
    happened: list[Fault]
    # Of one fault.
    rng: random.Random = field(default_factory=random.Random)
    services: Mapping[str, Service] = field(default_factory=dict)
    database_proxies: Sequence[Proxy] = ()
    redis_proxy: Proxy | None = None
    disk: LimitedDisk | None = None
    # Names of programs that are being killed or started.
    busy: set[str] = field(default_factory=set)
    turns: defaultdict[str, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )

    def record(self, kind: Kind, worker: str = "") -> Fault:
        fault = Fault(kind, time.time(), worker=worker)
        self.happened.append(fault)
        return fault

    @asynccontextmanager
    async def lasting(
        self, kind: Kind, *, peer: str = "", worker: str = ""
    ) -> AsyncIterator[Fault]:
        """Record a fault that lasts as long as the block.

        The faults of a peer that all processes need follow one another.
        """
        async with self.turns[peer or kind]:
            fault = self.record(kind, worker)
            try:
                yield fault
            finally:
                fault.ended_at = time.time()

    async def wait(self, least: float, most: float) -> None:
        """Wait for a random number of seconds."""
        await asyncio.sleep(self.rng.uniform(least, most))
