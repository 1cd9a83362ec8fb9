"""`python -m bench.chaos.hostile.victim URL PROVIDER_PORT FILE` is the victim.

An ordinary user who makes ordinary requests, each over a connection of its own, and
reads a live stream with a piece each 0.1 s. A process of its own, with the provider and
the tool that it uses, so that no work of the attacker delays its measurements.
"""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from bench.chaos.client import User
from bench.chaos.hostile.samples import Sample, Writer
from bench.fake_provider.server import FakeProvider
from bench.fake_tools.server import FakeTools

STREAM = "stream"
PROBE = "probe"
PIECE_SECONDS = 0.1
# Longer than any run, so that one task is enough.
PIECES = 9_000
LIMIT = aiohttp.ClientTimeout(total=60)
PROBES = ("/healthz", "/readyz")

Work = Callable[[], Awaitable[None]]


def main() -> None:
    url, port, path = sys.argv[1:]
    asyncio.run(_run(url, int(port), Writer(Path(path))))


async def _run(url: str, provider_port: int, writer: Writer) -> None:
    this = asyncio.current_task()
    assert this
    # Requests that are open then are recorded as well.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with (
        FakeProvider(provider_port),
        FakeTools() as tools,
        aiohttp.ClientSession(connector=connector) as session,
    ):
        user = User(session, url)
        await user.sign_up("victim")
        victim = Victim(session, url, user.headers, writer, *await _own(user, tools))
        await victim.run()


async def _own(user: User, tools: FakeTools) -> tuple[int, int]:
    """Create the victim's agent and its tool; returns their ids."""
    agent = {"name": "Ordinary", "model": "openai:fake", "timeout": 3600}
    _, created = await user.request("POST", "/api/agents/", agent)
    tool = {"name": "ordinary", "url_template": f"{tools.url}/do/ordinary"}
    _, tool = await user.request("POST", "/api/http-tools/", tool)
    return int(created["id"]), int(tool["id"])


@dataclass(slots=True)
class Victim:
    session: aiohttp.ClientSession
    url: str
    headers: dict[str, str]
    writer: Writer
    agent_id: int
    tool_id: int

    async def run(self) -> None:
        try_out = f"/api/http-tools/{self.tool_id}/test/"
        task = {"agent": self.agent_id, "input_text": "Good morning."}
        async with asyncio.TaskGroup() as group:
            for pause, work in (
                (0.1, self._request("me", "/api/auth/me/")),
                (0.3, self._request("list", "/api/tasks/?limit=20")),
                (0.5, self._request("submit", "/api/tasks/run/", task)),
                (1.0, self._request("try-out", try_out, {"arguments": {}})),
                *((0.5, self._request(PROBE, path)) for path in PROBES),
                (PIECE_SECONDS, self._read_stream),
            ):
                group.create_task(_forever(pause, work))

    def _request(self, kind: str, path: str, body: Any = None) -> Work:
        method = "GET" if body is None else "POST"

        async def request() -> None:
            with self._measured(kind) as problems:
                async with self._open(method, path, body) as response:
                    await response.read()
                    if response.status >= 400:
                        problems.append(f"{kind} {response.status}")

        return request

    @asynccontextmanager
    async def _open(
        self, method: str, path: str, body: Any = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        async with self.session.request(
            method, f"{self.url}{path}", json=body, headers=self.headers, timeout=LIMIT
        ) as response:
            yield response

    @contextmanager
    def _measured(self, kind: str) -> Iterator[list[str]]:
        """Record a request with the problems that the block adds."""
        problems: list[str] = []
        started_at = time.monotonic()
        try:
            yield problems
        except (aiohttp.ClientError, TimeoutError) as error:
            problems.append(f"{kind} {type(error).__name__}")
        finally:
            seconds = time.monotonic() - started_at
            problem = ", ".join(problems)
            self.writer.write(Sample(kind, started_at, seconds, problem))

    async def _read_stream(self) -> None:
        """Follow a new task to its end, and record each gap between two pieces."""
        script = {"text": "piece " * PIECES, "pieces": PIECES, "delay": PIECE_SECONDS}
        task = {
            "agent": self.agent_id,
            "input_text": orjson.dumps({"fake": script}).decode(),
        }
        with self._measured("submit"):
            async with self._open("POST", "/api/tasks/run/", task) as response:
                path = f"/api/tasks/{(await response.json())['id']}/events/"
        with self._measured("stream, opened") as problems:
            await self._read_pieces(path)
            problems.append("stream ended")

    async def _read_pieces(self, path: str) -> None:
        timeout = aiohttp.ClientTimeout(total=None, sock_read=60)
        async with self.session.get(
            f"{self.url}{path}", headers=self.headers, timeout=timeout
        ) as response:
            response.raise_for_status()
            last_at = time.monotonic()
            try:
                async for line in response.content:
                    if line.startswith(b"event: text.delta"):
                        now = time.monotonic()
                        self.writer.write(Sample(STREAM, last_at, now - last_at))
                        last_at = now
            finally:
                self.writer.write(Sample(STREAM, last_at, time.monotonic() - last_at))


async def _forever(pause: float, work: Work) -> None:
    while True:
        await work()
        await asyncio.sleep(pause)


if __name__ == "__main__":
    main()
