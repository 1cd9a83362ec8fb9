"""One run: the deployment, its provider and services, its users, and the faults."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench.chaos.client import User, create_agent
from bench.chaos.deployment import Deployment
from bench.chaos.evidence import Evidence
from bench.chaos.faults import FaultInjector
from bench.chaos.plan import Plan, draw_plans
from bench.chaos.recording_servers import RecordingProvider, RecordingTools
from bench.chaos.services import PostgreSQL, Redis, Service
from bench.chaos.stored_tasks import read_stored_tasks
from bench.chaos.users import Users
from scripts.services import free_ports


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a run.

    Faults are injected for `seconds`, on average every `gap` seconds. The provider
    streams a response in up to `pieces` pieces.
    """

    tasks: int
    seconds: float
    gap: float
    pieces: int
    seed: int = 0
    is_embedded: bool = False
    users: int = 4
    workers: int = 3


FULL = Options(tasks=400, seconds=180, gap=6, pieces=80)
# Long enough for each kind of fault to occur once.
SHORT = Options(tasks=40, seconds=20, gap=3, pieces=25)


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
        services = {} if options.is_embedded else await enter(_services(folder))
        deployment = await enter(_deployment(options, folder, services, provider.url))
        connector = aiohttp.TCPConnector(limit=0)
        session = await enter(aiohttp.ClientSession(connector=connector))
        users = Users(evidence, rng)
        for number in range(options.users):
            user = User(session, deployment.url)
            await user.sign_up(f"user{number}")
            users.add(user, await create_agent(user, evidence.tools.url))
        faults = FaultInjector(deployment, services, rng, options.gap, evidence.faults)
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


@asynccontextmanager
async def _deployment(
    options: Options, folder: Path, services: Mapping[str, Service], provider_url: str
) -> AsyncIterator[Deployment]:
    deployment = Deployment(
        folder,
        port=free_ports(1)[0],
        workers=0 if options.is_embedded else options.workers,
        settings={
            "OPENAI_BASE_URL": f"{provider_url}/v1",
            "OPENAI_API_KEY": "sk-chaos",
            **_service_settings(services),
        },
    )
    try:
        await deployment.start()
        yield deployment
    finally:
        await deployment.kill()


def _service_settings(services: Mapping[str, Service]) -> dict[str, str]:
    if not services:
        return {}
    redis = services["redis"].url
    return {
        "DATABASE_URL": services["postgresql"].url,
        "AGENTARIUM_BROKER_URL": f"{redis}/0",
        "AGENTARIUM_REDIS_URL": f"{redis}/1",
    }
