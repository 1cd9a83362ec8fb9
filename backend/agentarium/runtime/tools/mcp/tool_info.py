"""What a server says about its tools."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agentarium.runtime.masking.mask import SecretMask
from agentarium.runtime.tools.base import Effect
from agentarium.runtime.tools.mcp.listed_tools import (
    MAX_TOOLS,
    OMITTED,
    TOO_MANY,
    OmittedTool,
)

if TYPE_CHECKING:
    from mcp import Client
    from mcp_types import ListToolsResult, Tool

MAX_PAGES = 50
MAX_OMITTED = 50


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


@dataclass(frozen=True, slots=True)
class McpToolList:
    """The tools that a server lists, and those that cannot be used."""

    tools: Sequence[McpToolInfo] = ()
    omitted: Sequence[OmittedTool] = ()


async def list_pages(client: "Client", mask: SecretMask) -> McpToolList:
    """All tools of a server. Of two with one name, the first."""
    tools: dict[str, McpToolInfo] = {}
    omitted: list[OmittedTool] = []
    cursors: set[str | None] = set()
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        page = await client.list_tools(cursor=cursor)
        before = len(tools)
        omitted += _add_page(tools, page, mask)
        cursors.add(cursor)
        cursor = page.next_cursor
        # A server whose pages repeat would never end.
        is_repeated = cursor in cursors or (page.tools and len(tools) == before)
        if not cursor or is_repeated or len(tools) >= MAX_TOOLS:
            break
    if cursor and len(tools) >= MAX_TOOLS:
        omitted.append(TOO_MANY)
    return McpToolList(list(tools.values()), list(dict.fromkeys(omitted))[:MAX_OMITTED])


def _add_page(
    tools: dict[str, McpToolInfo], page: "ListToolsResult", mask: SecretMask
) -> Iterator[OmittedTool]:
    """Add the tools of a page, and yield those that are left out."""
    yield from [
        OmittedTool(mask.apply(name), reason)
        for name, reason in (page.meta or {}).get(OMITTED, ())
    ]
    known = set(tools)
    free = MAX_TOOLS - len(tools)
    for tool in page.tools[:free]:
        if tool.name in tools and tool.name not in known:
            yield OmittedTool(mask.apply(tool.name), "Another tool has this name.")
        tools.setdefault(tool.name, _info(tool, mask))
    if len(page.tools) > free:
        yield TOO_MANY


def _info(tool: "Tool", mask: SecretMask) -> McpToolInfo:
    hint: Effect = "write"
    if tool.annotations is not None and tool.annotations.read_only_hint:
        hint = "read"
    elif tool.annotations is not None and tool.annotations.idempotent_hint:
        hint = "idempotent"
    description = mask.apply(tool.description or "")
    return McpToolInfo(tool.name, description, tool.input_schema, hint)
