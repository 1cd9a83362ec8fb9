"""An MCP server written by hand, for what the official SDK does not send.

`async with ScriptedMcpServer() as server:` serves at `server.url`, with the version of
the protocol that has a handshake. A test replaces what it says: `pages`, `result`, or a
whole response.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Self
from uuid import uuid4

import orjson
from aiohttp import web

Json = dict[str, Any]
Answer = Callable[[web.Request, Json], Awaitable[web.StreamResponse]]

LOOKUP: Json = {
    "name": "lookup",
    "description": "Looks up.",
    "inputSchema": {"type": "object", "properties": {"q": {"type": "string"}}},
}


class ScriptedMcpServer:
    def __init__(self) -> None:
        self.url = ""
        # Of the list of tools, by the cursor that leads to them.
        self.pages: dict[str | None, Any] = {None: {"tools": [LOOKUP]}}
        self.result: Any = {"content": [{"type": "text", "text": "found"}]}
        self.handshake: Json = {
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {"listChanged": True}},
            "serverInfo": {"name": "scripted", "version": "1"},
        }
        # Method -> what answers it instead. `GET` answers what opens a stream.
        self.answers: dict[str, Answer] = {}
        self.sessions: set[str] = set()
        # The methods of all messages, and the arguments of the calls that were made.
        self.received: list[str] = []
        self.calls: list[Json] = []
        application = web.Application()
        application.router.add_route("*", "/mcp", self._receive)
        self._runner = web.AppRunner(
            application,
            handler_cancellation=True,
            access_log=None,
            shutdown_timeout=0.1,
        )

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/mcp"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        if request.method != "POST":
            if answer := self.answers.get(request.method):
                return await answer(request, {})
            return web.Response(status=405 if request.method == "GET" else 200)
        message = orjson.loads(await request.read())
        method = message["method"]
        self.received.append(method)
        if answer := self.answers.get(method):
            return await answer(request, message)
        return await self.answer(request, message)

    async def answer(self, request: web.Request, message: Json) -> web.Response:
        """Answer a message as the protocol says."""
        method, params = message["method"], message.get("params") or {}
        if "id" not in message:
            return web.Response(status=202)
        if method == "initialize":
            session = uuid4().hex
            self.sessions.add(session)
            return respond(message, self.handshake, headers={"Mcp-Session-Id": session})
        if method == "server/discover":
            error = {"code": -32601, "message": "Method not found"}
            return web.json_response(
                {"jsonrpc": "2.0", "id": message["id"], "error": error}
            )
        if request.headers.get("Mcp-Session-Id") not in self.sessions:
            return web.json_response(_session_not_found(message), status=404)
        if method == "tools/list":
            return respond(message, self.pages[params.get("cursor")])
        self.calls.append(params)
        return respond(message, self.result)


def respond(message: Json, result: Any, **options: Any) -> web.Response:
    """A response as the protocol says, with whatever result."""
    answer = {"jsonrpc": "2.0", "id": message["id"], "result": result}
    return web.json_response(answer, **options)


async def stream(request: web.Request, *events: bytes | float) -> web.StreamResponse:
    """A response of server-sent events; numbers are pauses, in seconds."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for event in events:
        if isinstance(event, bytes):
            await response.write(event)
        else:
            await asyncio.sleep(event)
    return response


def event(message: Json) -> bytes:
    return b"data: " + orjson.dumps(message) + b"\n\n"


def _session_not_found(message: Json) -> Json:
    error = {"code": -32600, "message": "Session not found"}
    return {"jsonrpc": "2.0", "id": message["id"], "error": error}
