"""The part of Agentarium's API that the measurements use, and the provider's format."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import orjson
import uvloop
from aiohttp import web

PROVIDER = os.environ["OPENAI_BASE_URL"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def chat(text: str) -> dict[str, Any]:
    """The body of a request to the provider."""
    message = {"role": "user", "content": text}
    return {"model": "fake", "messages": [message], "stream": True}


def delta_text(line: bytes) -> str:
    """The text in a line of the provider's stream."""
    if not line.startswith(b"data: {"):
        return ""
    choices = orjson.loads(line[6:])["choices"]
    text: str = choices[0]["delta"].get("content") or "" if choices else ""
    return text


def serve(
    run: Handler,
    live: Callable[[], Awaitable[int]],
    context: Callable[[web.Application], AsyncIterator[None]],
    events: Handler | None = None,
) -> None:
    """Serve until SIGTERM. `run` accepts a task, `live` counts the live tasks."""

    async def tasks(request: web.Request) -> web.Response:
        counts_live = "pending" in request.query["status"]
        return web.json_response({"count": await live() if counts_live else 0})

    app = web.Application()
    app.cleanup_ctx.append(context)
    for path in ("/api/auth/register/", "/api/auth/token/", "/api/tokens/"):
        app.router.add_post(path, _accept)
    app.router.add_post("/api/agents/", _accept)
    app.router.add_post("/api/tasks/run/", run)
    app.router.add_get("/api/tasks/", tasks)
    app.router.add_get("/readyz", _accept)
    if events:
        app.router.add_get("/api/tasks/{id}/events/", events)
    port = int(os.environ["AGENTARIUM_PORT"])
    uvloop.install()
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


async def _accept(_: web.Request) -> web.Response:
    return web.json_response({"id": 1, "access": "any", "token": "any"})
