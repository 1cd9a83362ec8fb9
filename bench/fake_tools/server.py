"""A tool server that counts calls, idempotency keys and effects.

`POST /do/{name}` (or any method) has its effect once per Idempotency-Key, and each time
without a key. Query parameters: `delay` seconds before the effect, `after` seconds
between the effect and the response, `status`, `echo` to return the request instead, and
`cut` to close the connection instead of responding. `GET /__stats` returns the counts.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

import orjson
from aiohttp import web


@dataclass(slots=True)
class Stats:
    """`calls` counts requests by tool, `done` effects by tool, `done_by_key` by key."""

    calls: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    done_by_key: Counter[str] = field(default_factory=Counter)
    open: int = 0
    closed_by_client: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "calls": dict(self.calls),
            "done": dict(self.done),
            "done_by_key": dict(self.done_by_key),
            "open": self.open,
            "closed_by_client": self.closed_by_client,
        }


@dataclass(frozen=True, slots=True)
class Received:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class FakeTools:
    """`async with FakeTools() as tools:` serves at `tools.url`."""

    def __init__(self, port: int = 0) -> None:
        self.stats = Stats()
        self.received: list[Received] = []
        self.url = ""
        self._port = port
        self._answers: dict[tuple[str, str], bytes] = {}
        application = web.Application()
        application.router.add_route("*", "/do/{name}", self._do)
        application.router.add_get("/__stats", self._stats)
        application.router.add_post("/__reset", self._reset)
        self._runner = web.AppRunner(
            application,
            handler_cancellation=True,
            access_log=None,
            shutdown_timeout=0.1,
        )

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=4096).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def reset(self) -> None:
        self.stats = Stats(open=self.stats.open)
        self.received.clear()
        self._answers.clear()

    async def _do(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        self.stats.calls[name] += 1
        self.received.append(
            Received(
                request.method,
                request.path,
                dict(request.query),
                dict(request.headers),
                await request.read(),
            )
        )
        self.stats.open += 1
        try:
            return await self._answer(request, name)
        except asyncio.CancelledError:
            self.stats.closed_by_client += 1
            raise
        finally:
            self.stats.open -= 1

    async def _answer(self, request: web.Request, name: str) -> web.StreamResponse:
        query = request.query
        await asyncio.sleep(float(query.get("delay", 0)))
        status = int(query.get("status", 200))
        if "echo" in query:
            received = {"url": str(request.url), "headers": dict(request.headers)}
            return web.json_response(received, status=status)
        if status >= 400:
            return web.json_response({"error": "requested by the query"}, status=status)
        body = self._done_once(name, request.headers.get("Idempotency-Key", ""))
        await asyncio.sleep(float(query.get("after", 0)))
        if "cut" in query and request.transport is not None:
            request.transport.close()
        return web.Response(body=body, status=status, content_type="application/json")

    def _done_once(self, name: str, key: str) -> bytes:
        """Have the effect, or return the stored response of this key."""
        known = self._answers.get((name, key)) if key else None
        if known is not None:
            return known
        self.stats.done[name] += 1
        if key:
            self.stats.done_by_key[key] += 1
        body = orjson.dumps({"tool": name, "number": self.stats.done[name]})
        self._answers[(name, key)] = body
        return body

    async def _stats(self, _: web.Request) -> web.Response:
        return web.json_response(self.stats.as_json())

    async def _reset(self, _: web.Request) -> web.Response:
        self.reset()
        return web.json_response(self.stats.as_json())
