"""A user of a system, over HTTP: the same for Agentarium and for what stands beside it."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

PASSWORD = "a password for benches"  # noqa: S105 - of a server that lives for a minute
LOOK_SECONDS = 0.1
# Without any task's end for so long, none will come.
PATIENCE_SECONDS = 60
LIVE = "/api/tasks/?status=pending,running,waiting&limit=1"
ENDED_BADLY = "/api/tasks/?status=failed,cancelled&limit=1"


@dataclass(frozen=True, slots=True)
class Account:
    """Whoever has it may run tasks of the one agent."""

    url: str
    token: str
    agent_id: int


class Client:
    def __init__(self, http: aiohttp.ClientSession, agent_id: int) -> None:
        self.http = http
        self._agent_id = agent_id

    async def submit(self, script: dict[str, Any]) -> int:
        """Accept a task that the provider answers by `script`; its id."""
        text = orjson.dumps({"fake": script}).decode()
        body = orjson.dumps({"agent": self._agent_id, "input_text": text})
        async with self.http.post("/api/tasks/run/", data=body) as answer:
            said = await answer.read()
            assert answer.status == 201, said
            task_id: int = orjson.loads(said)["id"]
            return task_id

    async def submit_all(
        self, scripts: Sequence[dict[str, Any]], *, clients: int
    ) -> dict[int, str]:
        """Submit from so many clients; the text that each task is to answer."""
        waiting = iter(scripts)
        answers: dict[int, str] = {}

        async def work() -> None:
            for script in waiting:
                answers[await self.submit(script)] = script["text"]

        await asyncio.gather(*(work() for _ in range(clients)))
        return answers

    async def until_completed(self) -> None:
        """Wait for the last task; all must have completed."""
        before = moved_at = 0.0
        while live := await self.count(LIVE):
            if live != before:
                before, moved_at = live, time.monotonic()
            assert time.monotonic() < moved_at + PATIENCE_SECONDS, f"{live} hang"
            await asyncio.sleep(LOOK_SECONDS)
        bad = await self.count(ENDED_BADLY)
        assert not bad, f"{bad} tasks did not complete"

    async def count(self, path: str) -> int:
        found: int = (await self._get(path))["count"]
        return found

    async def output(self, task_id: int) -> str:
        text: str = (await self._get(f"/api/tasks/{task_id}/"))["output_text"]
        return text

    async def _get(self, path: str) -> dict[str, Any]:
        async with self.http.get(path) as answer:
            said = await answer.read()
            assert answer.status == 200, said
            found: dict[str, Any] = orjson.loads(said)
            return found


async def sign_up(url: str) -> Account:
    """A new account with an API token and an agent on the fake provider."""
    who = {"username": "bench", "email": "bench@example.com", "password": PASSWORD}
    async with aiohttp.ClientSession(url) as http:
        await _post(http, "/api/auth/register/", who)
        pair = await _post(http, "/api/auth/token/", who)
        http.headers["Authorization"] = f"Bearer {pair['access']}"
        wanted = {"name": "bench", "scopes": ["read", "run", "write"]}
        token = await _post(http, "/api/tokens/", wanted)
        agent = await _post(
            http, "/api/agents/", {"name": "Bench", "model": "openai:fake"}
        )
    return Account(url, token["token"], agent["id"])


async def _post(
    http: aiohttp.ClientSession, path: str, body: dict[str, Any]
) -> dict[str, Any]:
    async with http.post(path, json=body) as answer:
        said = await answer.read()
        assert answer.status in (200, 201), said
        made: dict[str, Any] = orjson.loads(said)
        return made


@asynccontextmanager
async def signed_in(account: Account) -> AsyncIterator[Client]:
    headers = {
        "Authorization": f"Bearer {account.token}",
        "Content-Type": "application/json",
    }
    async with aiohttp.ClientSession(
        account.url,
        headers=headers,
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=None, sock_read=120),
    ) as http:
        yield Client(http, account.agent_id)


async def run_all(
    account: Account, scripts: Sequence[dict[str, Any]], *, clients: int
) -> tuple[float, dict[int, str]]:
    """Seconds until all are completed, and what each should have answered."""
    async with signed_in(account) as client:
        began_at = time.monotonic()
        answers = await client.submit_all(scripts, clients=clients)
        await client.until_completed()
        return time.monotonic() - began_at, answers


async def check_outputs(account: Account, answers: dict[int, str]) -> None:
    """That each task's stored output is what the provider sent."""
    waiting = iter(answers.items())

    async def work(client: Client) -> None:
        for task_id, text in waiting:
            output = await client.output(task_id)
            assert output == text, f"task {task_id}: {output!r}"

    async with signed_in(account) as client:
        await asyncio.gather(*(work(client) for _ in range(8)))
