"""The attacker's server: hostile web pages, and MCP servers with hostile results."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Self

import orjson
from aiohttp import web

Json = dict[str, Any]

PAGES: Mapping[str, Callable[[], str]] = {
    "short": lambda: "<p>Good morning.</p>",
    "20,000 table rows": lambda: (
        f"<table>{'<tr><td>a</td><td>b</td></tr>' * 20_000}</table>"
    ),
    "2 MB of text": lambda: f"<p>{'word ' * 400_000}</p>",
    "100,000 nested elements": lambda: "<div>" * 100_000,
    "200,000 links": lambda: "<a href=x>y</a>" * 200_000,
    "unclosed inline elements": lambda: "<b><i><a href=x><p>" * 40_000,
    "entities": lambda: "&amp;&#x41;&notit;" * 200_000,
    "100,000 attributes": lambda: f"<p {' '.join(f'a{n}=1' for n in range(100_000))}>x",
    "comments": lambda: "<!--" * 500_000,
    "nested tables": lambda: "<table><tr><td>" * 5_000,
    "lists": lambda: "<ul><li>" * 20_000,
}
# Results of a tool of an MCP server.
RESULTS: Mapping[str, Callable[[], Json]] = {
    "4 MB of text": lambda: {"content": [{"type": "text", "text": "x" * 4_000_000}]},
    "100,000 parts": lambda: {"content": [{"type": "text", "text": "x"}] * 100_000},
    "million values": lambda: {
        "content": [],
        "structuredContent": {"a": [1] * 1_000_000},
    },
    "deep values": lambda: {
        "content": [],
        "structuredContent": {"a": "@deep@"},
    },
}
DEEP = b"[" * 100_000 + b"]" * 100_000


class HostileServer:
    """`async with HostileServer(tools) as server:` serves at `server.url`.

    `/page/{name}` is one of the pages, `/silent` never responds, and `/mcp/{name}` is
    an MCP server with a tool for each of `schemas` and of the results.
    """

    def __init__(self, schemas: list[Json]) -> None:
        self.url = ""
        self._schemas = schemas
        application = web.Application(client_max_size=64 * 1024 * 1024)
        application.router.add_route("*", "/page/{name}", self._page)
        application.router.add_route("*", "/silent", self._silent)
        application.router.add_route("*", "/mcp/{name}", self._mcp)
        self._runner = web.AppRunner(
            application,
            handler_cancellation=True,
            access_log=None,
            shutdown_timeout=0.1,
        )

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, backlog=4096).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _page(self, request: web.Request) -> web.Response:
        text = PAGES[request.match_info["name"]]()
        return web.Response(text=text, content_type="text/html")

    async def _silent(self, _: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async def _mcp(self, request: web.Request) -> web.Response:
        """Speak the version of the protocol that has a handshake."""
        if request.method != "POST":
            return web.Response(status=405)
        message = orjson.loads(await request.read())
        if "id" not in message:
            return web.Response(status=202)
        answer: Json = {"jsonrpc": "2.0", "id": message["id"]}
        result = self._result(request.match_info["name"], message)
        if result is None:
            answer["error"] = {"code": -32601, "message": "Method not found"}
        else:
            answer["result"] = result
        body = orjson.dumps(answer).replace(b'"@deep@"', DEEP)
        return web.Response(
            body=body,
            status=400 if result is None else 200,
            content_type="application/json",
        )

    def _result(self, name: str, message: Json) -> Json | None:
        parameters = message.get("params", {})
        match message["method"]:
            case "initialize":
                return {
                    "protocolVersion": parameters["protocolVersion"],
                    "capabilities": {"tools": {}},
                    "serverInfo": {"name": "hostile", "version": "1"},
                }
            case "tools/list":
                return {"tools": self._tools(name)}
            case "tools/call":
                number = int(parameters["name"].removeprefix("t"))
                makers = list(RESULTS.values())
                return makers[number % len(makers)]()
        return None

    def _tools(self, name: str) -> list[Json]:
        reads = {"annotations": {"readOnlyHint": True}}
        if name == "schemas":
            schemas = self._schemas
            return [
                {"name": f"t{n}", "inputSchema": one, "outputSchema": one, **reads}
                for n, one in enumerate(schemas)
            ]
        count = 2_000 if name == "many" else len(RESULTS)
        plain: Json = {"inputSchema": {"type": "object"}, **reads}
        if name == "many":
            plain["description"] = "x" * 1_500
        return [{"name": f"t{number}", **plain} for number in range(count)]
