"""What a server says about its tools."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agentarium.runtime.tools.base import Effect
from agentarium.runtime.tools.masking import SecretMask

if TYPE_CHECKING:
    from mcp import Client
    from mcp_types import Tool

MAX_TOOLS = 200
MAX_PAGES = 50
MAX_DESCRIPTION_CHARS = 4_000


@dataclass(frozen=True, slots=True)
class McpToolInfo:
    """A tool as its server describes it; `name` is the server's name for it.

    `suggested_effect` is what the server's hints say. Only the owner of the server can
    know whether they are true.
    """

    name: str
    description: str
    parameters: dict[str, Any]
    suggested_effect: Effect


OnListed = Callable[[Sequence[McpToolInfo]], None]


async def list_pages(client: "Client", mask: SecretMask) -> dict[str, McpToolInfo]:
    """The tools by name; of two with one name, the first."""
    tools: dict[str, McpToolInfo] = {}
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        page = await client.list_tools(cursor=cursor)
        for tool in page.tools[: MAX_TOOLS - len(tools)]:
            tools.setdefault(tool.name, _info(tool, mask))
        cursor = page.next_cursor
        if not cursor or len(tools) >= MAX_TOOLS:
            break
    return tools


def _info(tool: "Tool", mask: SecretMask) -> McpToolInfo:
    hint: Effect = "write"
    if tool.annotations is not None and tool.annotations.read_only_hint:
        hint = "read"
    elif tool.annotations is not None and tool.annotations.idempotent_hint:
        hint = "idempotent"
    description = (tool.description or tool.title or "")[:MAX_DESCRIPTION_CHARS]
    return McpToolInfo(tool.name, mask.apply(description), tool.input_schema, hint)
