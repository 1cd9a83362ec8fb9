"""The attacker: one ordinary user, who may also act without an account."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

# Another address than the victim's: limits by address must not hide anything.
ADDRESS = "127.0.0.2"
LIMIT = aiohttp.ClientTimeout(total=60)
ENDED = {"completed", "failed", "cancelled"}


@dataclass(slots=True)
class Attacker:
    """Sends requests, and counts the responses of the current input.

    `name` makes the names of what it creates unique. `pages_url` is its own server.
    """

    session: aiohttp.ClientSession
    url: str
    headers: Mapping[str, str]
    pages_url: str
    account: str
    name: str = ""
    answers: Counter[str] = field(default_factory=Counter)
    # Limits of its own that it could exceed.
    problems: list[str] = field(default_factory=list)

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send one request; `body` is sent as it is if it is bytes.

        Returns the content of a 2xx response, and None for any other end.
        """
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        sent = {"Content-Type": "application/json", **(headers or self.headers)}
        try:
            async with self.session.request(
                method,
                f"{self.url}{path}",
                data=None if body is None else data,
                headers=sent,
                timeout=LIMIT,
            ) as response:
                content = await response.read()
                self.answers[str(response.status)] += 1
                return orjson.loads(content) if response.ok and content else None
        except (aiohttp.ClientError, TimeoutError) as error:
            self.answers[type(error).__name__] += 1
            return None

    async def create(self, path: str, **fields: Any) -> int | None:
        """Create a row; returns its id, or None if it was refused."""
        created = await self.send("POST", path, fields)
        return int(created["id"]) if created else None

    async def create_tool(self, **fields: Any) -> int | None:
        """Create an HTTP tool that never asks a person."""
        defaults = {"url_template": f"{self.pages_url}/page/short", "effect": "read"}
        return await self.create(
            "/api/http-tools/", **{"name": self.name, **defaults, **fields}
        )

    async def create_agent(self, *tools: Mapping[str, Any]) -> int | None:
        fields = {"name": self.name, "model": "openai-compatible:fake"}
        return await self.create("/api/agents/", **fields, tools=tools)

    async def run_tasks(
        self, agent: int | None, script: Mapping[str, Any], *, count: int = 1
    ) -> None:
        """Run tasks whose model responds as the script says, to their ends."""
        if agent is None:
            return
        text = orjson.dumps({"fake": script}).decode()
        task = {"agent": agent, "input_text": text}
        created = await repeated(
            count, lambda: self.send("POST", "/api/tasks/run/", task)
        )
        for one in created:
            await self._until_ended(one)

    async def _until_ended(self, task: Any) -> None:
        while task and task["status"] not in ENDED:
            await asyncio.sleep(0.2)
            path = f"{self.url}/api/tasks/{task['id']}/"
            with suppress(aiohttp.ClientError, TimeoutError):
                async with self.session.get(path, headers=self.headers) as response:
                    task = await response.json() if response.ok else task
        if task:
            self.answers[f"task {task['status']}"] += 1

    @asynccontextmanager
    async def connections(
        self, count: int, sent: bytes
    ) -> AsyncIterator[list[asyncio.StreamWriter]]:
        """Open raw connections and send bytes over each; they are never read from."""
        opened: list[asyncio.StreamWriter] = []
        try:
            await repeated(count, lambda: self._connect(sent, opened))
            yield opened
        finally:
            for writer in opened:
                writer.transport.abort()

    async def _connect(self, sent: bytes, opened: list[asyncio.StreamWriter]) -> None:
        host, _, port = self.url.removeprefix("http://").partition(":")
        try:
            async with asyncio.timeout(20):
                _, writer = await asyncio.open_connection(
                    host, int(port), local_addr=(ADDRESS, 0), limit=1
                )
        except (OSError, TimeoutError) as error:
            self.answers[type(error).__name__] += 1
            return
        self.answers["connected"] += 1
        opened.append(writer)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(sent)


async def repeated(
    count: int, work: Callable[[], Awaitable[Any]], *, concurrent: int = 50
) -> list[Any]:
    """Do the same `count` times, some of them concurrently."""
    free = asyncio.Semaphore(concurrent)

    async def once() -> Any:
        async with free:
            return await work()

    return await asyncio.gather(*(once() for _ in range(count)))


@dataclass(frozen=True, slots=True)
class Input:
    """One hostile input. `family` names the account that sends it.

    Those of the short run have `is_short`. `seconds` is the longest time of one that
    needs another time than the others.
    """

    name: str
    family: str
    send: Callable[[Attacker], Awaitable[None]]
    is_short: bool = False
    seconds: float | None = None
