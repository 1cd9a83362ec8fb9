"""A user's HTTP client, which repeats requests that get no response."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bench.chaos.plan import AGENT

PASSWORD = "correct-horse-battery"  # noqa: S105 - of accounts that live for minutes
REQUEST_SECONDS = aiohttp.ClientTimeout(total=60)
# The run fails if the server does not respond for this long.
TIMEOUT_SECONDS = 300.0


class RequestFailedError(Exception):
    """The server refused a valid request, or did not respond in time."""


class User:
    """One account."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self._headers: dict[str, str] = {}

    @property
    def headers(self) -> dict[str, str]:
        """What authenticates the user."""
        return dict(self._headers)

    async def sign_up(self, name: str) -> None:
        account = {"username": name, "password": PASSWORD}
        # If the first response is lost, the repeated request gets a 400.
        email = f"{name}@example.com"
        register = {"email": email, **account}
        await self.request("POST", "/api/auth/register/", register, allowed=(400,))
        _, pair = await self.request("POST", "/api/auth/token/", account)
        self._headers = {"Authorization": f"Bearer {pair['access']}"}
        token = {"name": "chaos", "scopes": ["read", "run", "approve", "write"]}
        _, created = await self.request("POST", "/api/tokens/", token)
        self._headers = {"Authorization": f"Bearer {created['token']}"}

    async def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        allowed: tuple[int, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Repeat a request until it gets a response; returns its status and body.

        Statuses of 500 and more are repeated, too. Raises `RequestFailedError` for any
        other status from 400 on that is not `allowed`.
        """
        deadline = time.monotonic() + TIMEOUT_SECONDS
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
                        text = (await response.text())[:500]
                        raise RequestFailedError(
                            f"{method} {path}: {response.status} {text}"
                        )
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(0.2)
        raise RequestFailedError(
            f"{method} {path}: no response for {TIMEOUT_SECONDS:g} seconds."
        )

    def events(self, task_id: int, after: str) -> Any:
        """Open the event stream of a task after a cursor; use it with `async with`."""
        headers = {"Accept": "text/event-stream", **self._headers}
        if after:
            headers["Last-Event-ID"] = after
        return self._session.get(
            f"{self._url}/api/tasks/{task_id}/events/",
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=None, sock_read=30),
        )

    @asynccontextmanager
    async def unread_events(self, task_id: int) -> AsyncIterator[None]:
        """Ask for the event stream of a task, and never read the response."""
        url = urlsplit(self._url)
        head = [
            f"GET /api/tasks/{task_id}/events/ HTTP/1.1",
            f"Host: {url.netloc}",
            *(f"{name}: {value}" for name, value in self._headers.items()),
        ]
        with socket.socket() as connection:
            connection.setblocking(False)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            loop = asyncio.get_running_loop()
            with suppress(OSError):
                await loop.sock_connect(connection, (url.hostname, url.port))
                request = "\r\n".join([*head, "", ""])
                await loop.sock_sendall(connection, request.encode())
            yield


async def create_agent(user: User, tools_url: str) -> int:
    """Create an agent with an HTTP tool of each effect, and with a helper agent.

    The helper has the same tools. Returns the agent's id.
    """
    address = f"{tools_url}/do/{{id}}?delay={{delay}}&after={{after}}"
    entries = []
    for name, effect, needs_approval in (
        ("read", "read", False),
        ("idempotent", "idempotent", False),
        ("write", "write", False),
        ("approved", "write", True),
    ):
        _, tool = await user.request(
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
    _, helper = await user.request("POST", "/api/agents/", agent)
    helper_tool = {"type": "agent", "agent": helper["id"], "name": AGENT}
    agent = {**agent, "name": "Chaos", "tools": [*entries, helper_tool]}
    _, created = await user.request("POST", "/api/agents/", agent)
    return int(created["id"])
