"""One run: the deployment, its provider and services, its users, and the faults."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import aiohttp

from bench.chaos.client import User, create_agent
from bench.chaos.deployment import Deployment
from bench.chaos.evidence import Evidence
from bench.chaos.faults.injector import FaultInjector
from bench.chaos.faults.scene import Scene
from bench.chaos.limited_disk import LimitedDisk, limited_disk
from bench.chaos.plan import Plan, draw_plans
from bench.chaos.proxy import Proxy
from bench.chaos.recording_servers import RecordingProvider, RecordingTools
from bench.chaos.services import (
    PostgreSQL,
    Redis,
    Service,
    postgresql_url,
    redis_url,
)
from bench.chaos.stored_tasks import read_stored_tasks
from bench.chaos.users import Users
from scripts.services import free_ports


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a run.

    Faults are injected for `seconds`, on average every `gap` seconds; `only` those, if
    it names any. The provider streams a response in up to `pieces` pieces.
    """

    tasks: int
    seconds: float
    gap: float
    pieces: int
    seed: int = 0
    is_embedded: bool = False
    users: int = 4
    workers: int = 3
    only: frozenset[str] = frozenset()


FULL = Options(tasks=400, seconds=180, gap=6, pieces=80)
# Long enough for each kind of fault to occur once.
SHORT = Options(tasks=40, seconds=20, gap=2, pieces=25)


async def run(options: Options, folder: Path) -> Evidence:
    """Run everything, and return the evidence."""
    # On SIGTERM, unwind and stop all servers.
    this = asyncio.current_task()
    assert this
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    rng = random.Random(options.seed)  # noqa: S311 - a game, not a secret
    plans = draw_plans(
        rng,
        count=options.tasks,
        seconds=options.seconds,
        users=options.users,
        pieces=options.pieces,
    )
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        provider = await enter(RecordingProvider(_plans_by_name(plans)))
        evidence = Evidence(
            provider, await enter(RecordingTools()), options.is_embedded
        )
        installation = await enter(_installation(options, folder, provider.url))
        deployment = installation.deployment
        connector = aiohttp.TCPConnector(limit=0)
        session = await enter(aiohttp.ClientSession(connector=connector))
        users = Users(evidence, rng)
        for number in range(options.users):
            user = User(session, deployment.url)
            await user.sign_up(f"user{number}")
            users.add(user, await create_agent(user, evidence.tools.url))
        faults = FaultInjector(
            Scene(users=users, happened=evidence.faults, **installation._asdict()),
            random.Random(options.seed),  # noqa: S311
            options.gap,
            options.only,
        )
        await _run_plans(options, users, faults, plans)
        evidence.exit_codes = await deployment.stop()
        evidence.stored = await asyncio.to_thread(
            read_stored_tasks, deployment.environment
        )
        evidence.collect_children()
    return evidence


def _plans_by_name(plans: list[Plan]) -> dict[str, Plan]:
    return {one.name: one for plan in plans for one in plan.with_children}


async def _run_plans(
    options: Options, users: Users, faults: FaultInjector, plans: list[Plan]
) -> None:
    background = [
        asyncio.create_task(users.decide()),
        asyncio.create_task(faults.record_stalls()),
    ]
    async with asyncio.TaskGroup() as group:
        group.create_task(users.submit(plans))
        group.create_task(faults.run(options.seconds))
    await users.wait_for_ends()
    await users.finish_reading()
    for work in background:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


class Installation(NamedTuple):
    """The deployment and what it runs on, which faults break."""

    deployment: Deployment
    services: Mapping[str, Service] = {}
    database_proxies: Sequence[Proxy] = ()
    redis_proxy: Proxy | None = None
    disk: LimitedDisk | None = None


@asynccontextmanager
async def _installation(
    options: Options, folder: Path, provider_url: str
) -> AsyncIterator[Installation]:
    provider = {"OPENAI_BASE_URL": f"{provider_url}/v1", "OPENAI_API_KEY": "sk-chaos"}
    start = _embedded if options.is_embedded else _scaled
    async with start(options, folder, provider) as installation:
        try:
            await installation.deployment.start()
            yield installation
        finally:
            await installation.deployment.kill()


@asynccontextmanager
async def _embedded(
    options: Options, folder: Path, settings: Mapping[str, str]
) -> AsyncIterator[Installation]:
    with limited_disk(folder / "data") as disk:
        if not disk:
            print("  No disk can be mounted here, so that none is filled.")
        port = free_ports(1)[0]
        deployment = Deployment(folder, port=port, workers=0, settings=settings)
        yield Installation(deployment, disk=disk)


@asynccontextmanager
async def _scaled(
    options: Options, folder: Path, settings: Mapping[str, str]
) -> AsyncIterator[Installation]:
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(_services(folder))
        database = services["postgresql"]
        proxies = [Proxy(database.port) for _ in range(1 + options.workers)]
        redis = Proxy(services["redis"].port)
        for proxy in (*proxies, redis):
            await proxy.start()
            stack.callback(proxy.close)
        deployment = Deployment(
            folder,
            port=free_ports(1)[0],
            workers=options.workers,
            settings={
                **settings,
                "DATABASE_URL": database.url,
                "AGENTARIUM_BROKER_URL": f"{redis_url(redis.port)}/0",
                "AGENTARIUM_REDIS_URL": f"{redis_url(redis.port)}/1",
            },
            database_urls=[postgresql_url(proxy.port) for proxy in proxies],
        )
        yield Installation(deployment, services, proxies, redis)


@asynccontextmanager
async def _services(folder: Path) -> AsyncIterator[dict[str, Service]]:
    folder.chmod(0o711)
    postgresql_port, redis_port = free_ports(2)
    postgresql, redis = PostgreSQL(folder, postgresql_port), Redis(folder, redis_port)
    try:
        await postgresql.create()
        await redis.start()
        yield {"postgresql": postgresql, "redis": redis}
    finally:
        await redis.kill()
        await postgresql.kill()
