"""One run: the house, the world around it, its users, and what goes wrong."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench.chaos.client import User, make_agent
from bench.chaos.counted import CountedProvider, CountedTools
from bench.chaos.evidence import Evidence
from bench.chaos.house import House
from bench.chaos.plan import Plan, draw_plans
from bench.chaos.record import read_record
from bench.chaos.services import PostgreSQL, Redis, Service
from bench.chaos.troubles import Troubles
from bench.chaos.users import Users
from scripts.services import free_ports


@dataclass(frozen=True, slots=True)
class Options:
    """`seconds` is how long there is trouble, `gap` the time between two, on average.

    An answer of a model comes in up to so many `pieces`.
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
# Sees each kind of trouble once.
SHORT = Options(tasks=40, seconds=20, gap=3, pieces=25)


async def run(options: Options, folder: Path) -> Evidence:
    """Do it all, and give what there is to compare."""
    # Whoever stops us does not leave a dozen servers behind.
    this = asyncio.current_task()
    assert this
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    chance = random.Random(options.seed)  # noqa: S311 - a game, not a secret
    plans = draw_plans(
        chance,
        count=options.tasks,
        seconds=options.seconds,
        users=options.users,
        pieces=options.pieces,
    )
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        provider = await enter(CountedProvider(_by_name(plans)))
        evidence = Evidence(provider, await enter(CountedTools()), options.is_embedded)
        services = {} if options.is_embedded else await enter(_services(folder))
        house = await enter(_house(options, folder, services, provider.url))
        connector = aiohttp.TCPConnector(limit=0)
        session = await enter(aiohttp.ClientSession(connector=connector))
        users = Users(evidence, chance)
        for number in range(options.users):
            user = User(session, house.url)
            await user.sign_up(f"user{number}")
            users.add(user, await make_agent(user, evidence.tools.url))
        troubles = Troubles(house, services, chance, options.gap, evidence.troubles)
        await _play(options, users, troubles, plans)
        evidence.exit_codes = await house.stop()
        evidence.stored = await asyncio.to_thread(read_record, house.environment)
        evidence.note_children()
    return evidence


def _by_name(plans: list[Plan]) -> dict[str, Plan]:
    return {one.name: one for plan in plans for one in plan.family}


async def _play(
    options: Options, users: Users, troubles: Troubles, plans: list[Plan]
) -> None:
    beside = [
        asyncio.create_task(users.decide()),
        asyncio.create_task(troubles.notice_stalls()),
    ]
    async with asyncio.TaskGroup() as group:
        group.create_task(users.submit(plans))
        group.create_task(troubles.run(options.seconds))
    await users.wait_for_ends()
    await users.finish_reading()
    for work in beside:
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
async def _house(
    options: Options, folder: Path, services: Mapping[str, Service], provider_url: str
) -> AsyncIterator[House]:
    house = House(
        folder,
        port=free_ports(1)[0],
        workers=0 if options.is_embedded else options.workers,
        settings={
            "OPENAI_BASE_URL": f"{provider_url}/v1",
            "OPENAI_API_KEY": "sk-chaos",
            **_addresses(services),
        },
    )
    try:
        await house.start()
        yield house
    finally:
        await house.kill()


def _addresses(services: Mapping[str, Service]) -> dict[str, str]:
    if not services:
        return {}
    redis = services["redis"].url
    return {
        "DATABASE_URL": services["postgresql"].url,
        "AGENTARIUM_BROKER_URL": f"{redis}/0",
        "AGENTARIUM_REDIS_URL": f"{redis}/1",
    }
