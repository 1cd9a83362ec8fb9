"""An HTTP client for Agentarium and for the baselines, which have the same API."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

PASSWORD = "a password for benches"  # noqa: S105 - of a temporary server
POLL_SECONDS = 0.1
# If no task ends for this long, the tasks hang.
HANG_SECONDS = 60
LIVE = "/api/tasks/?status=pending,running,waiting&limit=1"
ENDED_BADLY = "/api/tasks/?status=failed,cancelled&limit=1"


@dataclass(frozen=True, slots=True)
class Account:
    """An API token, and the agent that it runs."""

    url: str
    token: str
    agent_id: int


class Client:
    def __init__(self, http: aiohttp.ClientSession, agent_id: int) -> None:
        self.http = http
        self._agent_id = agent_id

    async def submit(self, script: dict[str, Any]) -> int:
        """Submit a task that the provider answers by `script`; returns its id."""
        text = orjson.dumps({"fake": script}).decode()
        body = orjson.dumps({"agent": self._agent_id, "input_text": text})
        async with self.http.post("/api/tasks/run/", data=body) as response:
            content = await response.read()
            assert response.status == 201, content
            task_id: int = orjson.loads(content)["id"]
            return task_id

    async def submit_all(
        self, scripts: Sequence[dict[str, Any]], *, clients: int
    ) -> dict[int, str]:
        """Submit from `clients` concurrent clients; expected outputs by task id."""
        waiting = iter(scripts)
        outputs: dict[int, str] = {}

        async def work() -> None:
            for script in waiting:
                outputs[await self.submit(script)] = script["text"]

        await asyncio.gather(*(work() for _ in range(clients)))
        return outputs

    async def until_completed(self) -> None:
        """Wait until no task is live; fail unless all have completed."""
        before = moved_at = 0.0
        while live := await self.count(LIVE):
            if live != before:
                before, moved_at = live, time.monotonic()
            assert time.monotonic() < moved_at + HANG_SECONDS, f"{live} hang"
            await asyncio.sleep(POLL_SECONDS)
        bad = await self.count(ENDED_BADLY)
        assert not bad, f"{bad} tasks did not complete"

    async def count(self, path: str) -> int:
        found: int = (await self._get(path))["count"]
        return found

    async def output(self, task_id: int) -> str:
        text: str = (await self._get(f"/api/tasks/{task_id}/"))["output_text"]
        return text

    async def _get(self, path: str) -> dict[str, Any]:
        async with self.http.get(path) as response:
            content = await response.read()
            assert response.status == 200, content
            found: dict[str, Any] = orjson.loads(content)
            return found


async def sign_up(url: str) -> Account:
    """Create an account with an API token and an agent on the fake provider."""
    account = {"username": "bench", "email": "bench@example.com", "password": PASSWORD}
    async with aiohttp.ClientSession(url) as http:
        await _post(http, "/api/auth/register/", account)
        pair = await _post(http, "/api/auth/token/", account)
        http.headers["Authorization"] = f"Bearer {pair['access']}"
        scopes = ["read", "run", "write"]
        token = await _post(http, "/api/tokens/", {"name": "bench", "scopes": scopes})
        agent = await _post(
            http, "/api/agents/", {"name": "Bench", "model": "openai:fake"}
        )
    return Account(url, token["token"], agent["id"])


async def _post(
    http: aiohttp.ClientSession, path: str, body: dict[str, Any]
) -> dict[str, Any]:
    async with http.post(path, json=body) as response:
        content = await response.read()
        assert response.status in (200, 201), content
        created: dict[str, Any] = orjson.loads(content)
        return created


@asynccontextmanager
async def client_for(account: Account) -> AsyncIterator[Client]:
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
    """Run tasks; returns the seconds until all completed, and the expected outputs."""
    async with client_for(account) as client:
        started_at = time.monotonic()
        outputs = await client.submit_all(scripts, clients=clients)
        await client.until_completed()
        return time.monotonic() - started_at, outputs


async def check_outputs(account: Account, outputs: dict[int, str]) -> None:
    """Assert that each task's stored output is what the provider sent."""
    waiting = iter(outputs.items())

    async def work(client: Client) -> None:
        for task_id, text in waiting:
            output = await client.output(task_id)
            assert output == text, f"task {task_id}: {output!r}"

    async with client_for(account) as client:
        await asyncio.gather(*(work(client) for _ in range(8)))
