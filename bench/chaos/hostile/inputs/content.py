"""What the servers of others send: web pages, and the results of MCP servers."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

import orjson

from bench.chaos.hostile.attacker import Attacker, Input, repeated
from bench.chaos.hostile.pages import PAGES, RESULTS

FAMILY = "content"


def fetched(name: str) -> Callable[[Attacker], Awaitable[None]]:
    """Three tasks fetch the page four times each."""

    async def send(attacker: Attacker) -> None:
        agent = await attacker.create_agent({"type": "builtin", "name": "fetch_url"})
        url = f"{attacker.pages_url}/page/{quote(name)}"
        call = {"name": "fetch_url", "arguments": orjson.dumps({"url": url}).decode()}
        await attacker.run_tasks(agent, {"tool_calls": [call] * 4}, count=3)

    return send


def returned(number: int) -> Callable[[Attacker], Awaitable[None]]:
    """Two tasks call the tool with this result twice each."""

    async def send(attacker: Attacker) -> None:
        server = await _server(attacker, "results")
        if server is not None:
            await attacker.send("POST", f"/api/mcp-servers/{server}/refresh/")
            agent = await attacker.create_agent({"type": "mcp", "server": server})
            calls = [{"name": f"t{number}"}] * 2
            await attacker.run_tasks(agent, {"tool_calls": calls}, count=2)

    return send


async def mcp_tools(attacker: Attacker) -> None:
    """An MCP server has 2,000 tools with long descriptions."""
    server = await _server(attacker, "many")
    path = f"/api/mcp-servers/{server}/refresh/"
    await repeated(4, lambda: attacker.send("POST", path))
    await repeated(8, lambda: attacker.send("GET", "/api/tools/"))


async def _server(attacker: Attacker, name: str) -> int | None:
    url = f"{attacker.pages_url}/mcp/{name}"
    return await attacker.create("/api/mcp-servers/", name=attacker.name, url=url)


_SHORT = ("20,000 table rows",)

CONTENT: tuple[Input, ...] = (
    *(
        Input(f"page: {name}", FAMILY, fetched(name), is_short=name in _SHORT)
        for name in PAGES
        if name != "short"
    ),
    *(
        Input(
            f"result of an MCP server: {name}",
            FAMILY,
            returned(number),
            is_short=name == "4 MB of text",
        )
        for number, name in enumerate(RESULTS)
    ),
    Input("2,000 tools of an MCP server", FAMILY, mcp_tools),
)
