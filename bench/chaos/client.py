"""The users of a run: they ask over HTTP, and ask again when nobody answers."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import aiohttp

from bench.chaos.plan import AGENT

PASSWORD = "correct-horse-battery"  # noqa: S105 - of accounts that live for minutes
REQUEST_SECONDS = aiohttp.ClientTimeout(total=60)
# A house that does not answer for so long is given up.
PATIENCE = 300.0


class GivenUpError(Exception):
    """The server refused what it must not refuse, or did not answer for too long."""


class User:
    """One account."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self._headers: dict[str, str] = {}

    async def sign_up(self, name: str) -> None:
        account = {"username": name, "password": PASSWORD}
        # The first answer may be lost; then the second one says that it is there.
        email = f"{name}@example.com"
        register = {"email": email, **account}
        await self.ask("POST", "/api/auth/register/", register, allowed=(400,))
        _, pair = await self.ask("POST", "/api/auth/token/", account)
        self._headers = {"Authorization": f"Bearer {pair['access']}"}
        token = {"name": "chaos", "scopes": ["read", "run", "write"]}
        _, made = await self.ask("POST", "/api/tokens/", token)
        self._headers = {"Authorization": f"Bearer {made['token']}"}

    async def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        allowed: tuple[int, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Status and answer, repeating the request until there is one.

        Any status of 400 or more that is not `allowed` is a `GivenUpError`, save for
        those that say that something behind the server is away.
        """
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                async with self._session.request(
                    method,
                    f"{self._url}{path}",
                    json=body,
                    headers={**self._headers, **(headers or {})},
                    timeout=REQUEST_SECONDS,
                ) as response:
                    if response.status < 400 or response.status in allowed:
                        return response.status, await response.json(content_type=None)
                    if response.status < 500:
                        said = (await response.text())[:500]
                        raise GivenUpError(f"{method} {path}: {response.status} {said}")
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(0.2)
        raise GivenUpError(f"{method} {path}: no answer for {PATIENCE:g} seconds.")

    def events(self, task_id: int, after: str) -> Any:
        """The stream of a task from a cursor on, for `async with`."""
        headers = {"Accept": "text/event-stream", **self._headers}
        if after:
            headers["Last-Event-ID"] = after
        return self._session.get(
            f"{self._url}/api/tasks/{task_id}/events/",
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=None, sock_read=30),
        )


async def make_agent(user: User, tools_url: str) -> int:
    """An agent with an HTTP tool of each effect, and with another agent that has them."""
    address = f"{tools_url}/do/{{id}}?delay={{delay}}&after={{after}}"
    entries = []
    for name, effect, needs_approval in (
        ("read", "read", False),
        ("idempotent", "idempotent", False),
        ("write", "write", False),
        ("approved", "write", True),
    ):
        _, tool = await user.ask(
            "POST",
            "/api/http-tools/",
            {
                "name": name,
                "method": "POST",
                "url_template": address,
                "effect": effect,
                "needs_approval": needs_approval,
                "parameters": {
                    "type": "object",
                    "properties": {
                        "id": {"type": "string"},
                        "delay": {"type": "number"},
                        "after": {"type": "number"},
                    },
                    "required": ["id", "delay", "after"],
                },
            },
        )
        entries.append({"type": "http", "id": tool["id"]})
    agent: dict[str, Any] = {"name": "Helper", "model": "openai:fake", "tools": entries}
    _, helper = await user.ask("POST", "/api/agents/", agent)
    call_it = {"type": "agent", "agent": helper["id"], "name": AGENT}
    agent = {**agent, "name": "Chaos", "tools": [*entries, call_it]}
    _, made = await user.ask("POST", "/api/agents/", agent)
    return int(made["id"])
