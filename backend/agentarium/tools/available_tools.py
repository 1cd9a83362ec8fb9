"""Everything that an agent of somebody's can be given."""

from collections.abc import Iterator
from typing import Any

from agentarium.accounts.models import User
from agentarium.tools.catalogue import BUILTINS
from agentarium.tools.models import HttpTool, McpServer


def offers(user: User) -> Iterator[dict[str, Any]]:
    """Each tool with the entry that gives it to an agent. Two queries."""
    for builtin in BUILTINS.values():
        spec = builtin.spec
        yield {
            "reference": {"type": "builtin", "name": spec.name},
            "source": "built in",
            "name": spec.name,
            "description": spec.description,
            "parameters": spec.parameters,
            "effect": spec.effect,
            "needs_approval": spec.needs_approval,
        }
    for tool in HttpTool.objects.visible_to(user).defer("headers").order_by("name"):
        yield _http_offer(tool)
    servers = McpServer.objects.usable_by(user.pk).defer("headers").order_by("name")
    for server in servers:
        for row in server.tool_rows:
            yield _mcp_offer(server, row)


def _http_offer(tool: HttpTool) -> dict[str, Any]:
    return {
        "reference": {"type": "http", "id": tool.pk},
        "source": "http",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        "effect": tool.effect,
        "needs_approval": tool.needs_approval,
    }


def _mcp_offer(server: McpServer, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "reference": {"type": "mcp", "server": server.pk, "names": [row["name"]]},
        "source": server.name,
        "needs_approval": False,
        **row,
    }
