"""One run: a server, the victim, the measuring processes, and the inputs in turn."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bench.chaos.client import User
from bench.chaos.deployment import Deployment
from bench.chaos.hostile.attacker import ADDRESS, Attacker, Input
from bench.chaos.hostile.inputs.load import RATE
from bench.chaos.hostile.inputs.schemas import WORST
from bench.chaos.hostile.pages import HostileServer
from bench.chaos.hostile.samples import LoopRun, Memory, Sample, read
from bench.chaos.hostile.verdict import Verdict, Window, judge
from bench.chaos.hostile.victim import STREAM
from bench.fake_provider.server import FakeProvider
from bench.processes import program
from scripts.services import free_ports

# Debian's default for services and shells.
OPEN_FILES = 1_024
START_SECONDS = 120
CALM_NAME = "calm"
# Long enough for a probe to begin.
SETTLE_SECONDS = 0.6
NO_ANSWER_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Options:
    """`seconds` is the longest time of one input, `calm` that of the baseline."""

    inputs: Sequence[Input]
    seconds: float
    calm: float


async def run(
    options: Options, folder: Path, services: Mapping[str, str]
) -> tuple[list[Verdict], list[int]]:
    """Run all inputs; returns the verdicts, and exit codes of processes that ended.

    `services` are the variables of PostgreSQL and Redis, or empty for one process.
    """
    this = asyncio.current_task()
    assert this
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    ports, begun_at = free_ports(3), time.monotonic()
    async with (
        FakeProvider(ports[0]) as provider,
        HostileServer([schema for schema, _ in WORST.values()]) as pages,
        _deployment(folder, services, ports, provider.url) as deployment,
    ):
        with ExitStack() as stack:
            pids = [str(one.pid) for one in deployment.programs]
            for arguments in (
                ("bench.chaos.hostile.machine", str(folder), *pids),
                (
                    "bench.chaos.hostile.victim",
                    deployment.url,
                    str(ports[1]),
                    str(folder / "samples"),
                ),
            ):
                stack.enter_context(program(arguments, {}))
            await _until_streaming(folder / "samples")
            windows = await _send_all(options, deployment.url, pages.url, begun_at)
        # A regular stop would wait for the calls of silent servers.
        await deployment.kill()
        return _verdicts(folder, windows), [
            code or 1
            for one in deployment.programs
            for code in one.unexpected_exit_codes
        ]


@asynccontextmanager
async def _deployment(
    folder: Path, services: Mapping[str, str], ports: list[int], attackers_provider: str
) -> AsyncIterator[Deployment]:
    deployment = Deployment(
        folder,
        port=ports[2],
        workers=1 if services else 0,
        open_files=OPEN_FILES,
        settings={
            "OPENAI_BASE_URL": f"http://127.0.0.1:{ports[1]}/v1",
            "OPENAI_API_KEY": "sk-victim",
            "OPENAI_COMPATIBLE_BASE_URL": f"{attackers_provider}/v1",
            "OPENAI_COMPATIBLE_API_KEY": "sk-attacker",
            # As by default: these limits are under test.
            "AGENTARIUM_MAX_RUNNING_PER_USER": "100",
            "AGENTARIUM_MAX_STREAMS_PER_USER": "50",
            "AGENTARIUM_RATE_USER": f"{RATE}/min",
            "AGENTARIUM_RATE_TOKEN": f"{RATE}/min",
            "AGENTARIUM_MAX_ATTEMPTS": "3",
            **services,
        },
    )
    try:
        await deployment.start()
        async with asyncio.timeout(START_SECONDS):
            await deployment.wait_until_up()
        yield deployment
    finally:
        await deployment.kill()


async def _until_streaming(path: Path) -> None:
    async with asyncio.timeout(START_SECONDS):
        while not path.exists() or not any(
            one.kind == STREAM for one in read(path, Sample)
        ):
            await asyncio.sleep(0.1)


async def _send_all(
    options: Options, url: str, pages_url: str, begun_at: float
) -> list[Window]:
    connector = aiohttp.TCPConnector(limit=0, local_addr=(ADDRESS, 0))
    async with aiohttp.ClientSession(connector=connector) as session:
        users = {one.family: User(session, url) for one in options.inputs}
        async with asyncio.TaskGroup() as group:
            for family, user in users.items():
                group.create_task(user.sign_up(family))
        print(f"  {len(users)} accounts after {time.monotonic() - begun_at:.0f} s")
        await asyncio.sleep(SETTLE_SECONDS)
        started_at = time.monotonic()
        await asyncio.sleep(options.calm)
        windows = [Window(CALM_NAME, started_at, time.monotonic(), Counter())]
        for number, one in enumerate(options.inputs):
            user = users[one.family]
            attacker = Attacker(
                session,
                url,
                user.headers,
                pages_url,
                account=one.family,
                name=f"input-{number}",
            )
            windows.append(await _send(one, attacker, one.seconds or options.seconds))
        print(f"  all inputs after {time.monotonic() - begun_at:.0f} s")
        return windows


async def _send(one: Input, attacker: Attacker, seconds: float) -> Window:
    """Send one input for so many seconds at most, and stop what it has started."""
    started_at = time.monotonic()
    try:
        async with asyncio.timeout(seconds):
            await one.send(attacker)
    except TimeoutError:
        attacker.answers["stopped"] += 1
    answers = Counter(attacker.answers)
    await _cancel_tasks(attacker)
    await asyncio.sleep(SETTLE_SECONDS)
    problems = tuple(attacker.problems)
    return Window(one.name, started_at, time.monotonic(), answers, problems)


async def _cancel_tasks(attacker: Attacker) -> None:
    live: dict[str, Any] = {"status": ["pending", "running", "waiting"]}
    deadline = time.monotonic() + NO_ANSWER_SECONDS
    while time.monotonic() < deadline:
        if await attacker.send("POST", "/api/tasks/cancel/", live):
            return
        await asyncio.sleep(0.2)


def _verdicts(folder: Path, windows: list[Window]) -> list[Verdict]:
    samples = list(read(folder / "samples", Sample))
    loops = list(read(folder / "loops", LoopRun))
    memory = list(read(folder / "memory", Memory))
    return [judge(window, samples, loops, memory) for window in windows]
