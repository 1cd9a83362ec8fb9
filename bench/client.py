"""What a client sees of a task: when it was accepted, begun and done."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count

import aiohttp

PASSWORD = "a password for benches"  # noqa: S105 - of a server that lives for a minute


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds: the request, and from its answer on to what a reader of events saw."""

    accept: float
    first_event: float
    completed: float


class Client:
    """A user of one server, with an agent on the fake provider."""

    def __init__(self, http: aiohttp.ClientSession, agent: int) -> None:
        self._http = http
        self._agent = agent

    async def submit(self, text: str = "Hello") -> int:
        body = {"agent": self._agent, "input_text": text}
        async with self._http.post("/api/tasks/run/", json=body) as answer:
            assert answer.status == 201, await answer.text()
            task: dict[str, int] = await answer.json()
            return task["id"]

    async def time_one(self) -> Times:
        """Run a task alone, and follow it from the moment that it is accepted."""
        asked_at = time.monotonic()
        task = await self.submit()
        accepted_at = time.monotonic()
        first_at = completed_at = 0.0
        async with self._http.get(f"/api/tasks/{task}/events/") as events:
            async for line in events.content:
                if line.startswith(b"event: attempt.started"):
                    first_at = time.monotonic()
                if line.startswith(b"event: task."):
                    completed_at = time.monotonic()
        assert first_at, task
        return Times(
            accepted_at - asked_at, first_at - accepted_at, completed_at - accepted_at
        )

    async def run_many(self, number: int, *, clients: int) -> float:
        """Submit so many tasks from so many clients; seconds until all are completed."""
        numbers = count()
        began_at = time.monotonic()

        async def work() -> None:
            while next(numbers) < number:
                await self.submit()

        await asyncio.gather(*(work() for _ in range(clients)))
        await self._until_done()
        return time.monotonic() - began_at

    async def _until_done(self) -> None:
        live = "/api/tasks/?status=pending,running,waiting&limit=1"
        while await self.count(live):
            await asyncio.sleep(0.05)
        assert not await self.count("/api/tasks/?status=failed,cancelled&limit=1")

    async def count(self, path: str) -> int:
        async with self._http.get(path) as answer:
            found: dict[str, int] = await answer.json()
            return found["count"]


@asynccontextmanager
async def signed_in(url: str) -> AsyncIterator[Client]:
    """A new account on a fresh server; its agent answers at once."""
    async with aiohttp.ClientSession(url, connector=_connector()) as http:
        who = {"username": "bench", "email": "bench@example.com", "password": PASSWORD}
        async with http.post("/api/auth/register/", json=who) as answer:
            assert answer.status == 201, await answer.text()
        async with http.post("/api/auth/token/", json=who) as answer:
            access: dict[str, str] = await answer.json()
        headers = {"Authorization": f"Bearer {access['access']}"}
        agent = {"name": "Bench", "model": "openai:fake"}
        async with aiohttp.ClientSession(
            url, headers=headers, connector=_connector()
        ) as session:
            async with session.post("/api/agents/", json=agent) as answer:
                made: dict[str, int] = await answer.json()
            yield Client(session, made["id"])


def _connector() -> aiohttp.TCPConnector:
    return aiohttp.TCPConnector(limit=0)
