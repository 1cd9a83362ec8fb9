"""The tools that a user can give to an agent."""

from collections.abc import Iterator
from typing import Any

from agentarium.accounts.models import User
from agentarium.tools.catalogue import BUILTINS
from agentarium.tools.models import Effect, HttpTool, McpServer


def available_tools(user: User) -> Iterator[dict[str, Any]]:
    """Each tool, with the `reference` for an agent's list of tools. Two queries."""
    for builtin in BUILTINS.values():
        spec = builtin.spec
        yield {
            "reference": {"type": "builtin", "name": spec.name},
            "source": "built in",
            "name": spec.name,
            "description": spec.description,
            "parameters": spec.parameters,
            "effect": spec.effect,
            "needs_approval": spec.effect == "write",
        }
    for tool in (
        HttpTool.objects.visible_to(user)
        .defer("headers", "url_secrets")
        .order_by("name")
    ):
        yield _http_tool(tool)
    servers = (
        McpServer.objects.usable_by(user.pk)
        .defer("headers", "url_secrets")
        .order_by("name")
    )
    for server in servers:
        for row in server.tool_rows:
            yield _mcp_tool(server, row)


def _http_tool(tool: HttpTool) -> dict[str, Any]:
    return {
        "reference": {"type": "http", "id": tool.pk},
        "source": "http",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        "effect": tool.effect,
        "needs_approval": tool.asks_by_default,
    }


def _mcp_tool(server: McpServer, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "reference": {"type": "mcp", "server": server.pk, "names": [row["name"]]},
        "source": server.name,
        "needs_approval": row["effect"] == Effect.WRITE,
        **row,
    }
