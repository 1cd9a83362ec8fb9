"""Which tools ask a person before each call.

In this order: what the agent's entry says, what the HTTP tool says, and otherwise the
effect: `write` asks. An entry that says nothing keeps, in `ask_before`, the tools that
asked when it was saved. They go on asking when the tool, or the server that describes
it, changes afterwards: a call never asks less than the person saw who saved the agent.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from agentarium.runtime.tools.mcp.names import tool_names
from agentarium.tools.catalogue import BUILTINS, agent_tool_name
from agentarium.tools.models import Effect, HttpTool
from agentarium.tools.protection.levels import (
    Protection,
    protection_of_server,
    protection_of_tool,
)
from agentarium.tools.references import Referenced, ToolEntry

# The option of an entry with the names of the tools that asked when it was saved.
ASK_BEFORE = "ask_before"


class ListedTool(NamedTuple):
    """A tool that an agent's list gives to its tasks.

    `key` stays the same when the tool gets another name; `source_name` is the name that
    its server or its row has for it. `would_ask` is whether it would need approval if
    no one had switched that off; `default_effect` is its effect if the entry says none.
    """

    key: tuple[str, Any, str]
    name: str
    source_name: str
    protection: Protection
    would_ask: bool
    default_effect: str

    @property
    def type(self) -> str:
        """The `type` of its entry."""
        return self.key[0]

    @property
    def effect(self) -> str:
        return self.protection.effect

    @property
    def needs_approval(self) -> bool:
        return self.protection.asks

    @property
    def default(self) -> Protection:
        """How it would be protected if the entry said nothing."""
        return replace(self.protection, asks=self.would_ask, effect=self.default_effect)


def listed_tools(
    referenced: Referenced, entries: Iterable[ToolEntry]
) -> Iterator[ListedTool]:
    """The tools of the entries, in order, without those that no longer exist."""
    for entry in entries:
        match entry["type"]:
            case "builtin":
                yield _listed_builtin(entry)
            case "http":
                if tool := referenced.http_tools.get(entry["id"]):
                    yield _listed_http_tool(tool, entry)
            case "mcp":
                yield from _listed_mcp_tools(referenced, entry)
            case _:
                if agent := referenced.agents.get(entry["agent"]):
                    name = entry.get("name") or agent_tool_name(agent)
                    asks = bool(entry.get("needs_approval"))
                    key = ("agent", entry["agent"], "")
                    protection = Protection(asks, Effect.READ)
                    yield ListedTool(key, name, name, protection, asks, Effect.READ)


def _listed_builtin(entry: ToolEntry) -> ListedTool:
    name = entry["name"]
    spec = BUILTINS[name].spec
    would_ask = spec.effect == "write"
    hosts = entry.get("allowed_hosts") or None
    protection = Protection(
        asks=entry.get("needs_approval", would_ask),
        effect=spec.effect,
        hosts=None if hosts is None else tuple(hosts),
    )
    key = ("builtin", name, "")
    return ListedTool(key, name, name, protection, would_ask, spec.effect)


def _listed_http_tool(tool: HttpTool, entry: ToolEntry) -> ListedTool:
    kept = bool(entry.get(ASK_BEFORE))
    asks = entry.get("needs_approval", kept or tool.asks_by_default)
    return ListedTool(
        ("http", tool.pk, ""),
        tool.name,
        tool.name,
        protection_of_tool(tool, asks=asks),
        would_ask=kept or bool(tool.needs_approval) or tool.effect == Effect.WRITE,
        default_effect=tool.effect,
    )


def _listed_mcp_tools(referenced: Referenced, entry: ToolEntry) -> Iterator[ListedTool]:
    server = referenced.mcp_servers.get(entry["server"])
    if server is None:
        return
    selected = entry.get("names")
    basis = protection_of_server(server)
    rows = server.tool_rows
    names = tool_names([row["name"] for row in rows], entry.get("prefix", ""))
    for row in rows:
        name = row["name"]
        if selected is not None and name not in selected:
            continue
        effect: str = entry.get("effect") or row["effect"]
        kept = name in entry.get(ASK_BEFORE, ())
        asks = entry.get("needs_approval", kept or effect == Effect.WRITE)
        yield ListedTool(
            ("mcp", entry["server"], name),
            names[name],
            name,
            replace(basis, asks=asks, effect=effect),
            would_ask=kept or Effect.WRITE in (effect, row["effect"]),
            default_effect=row["effect"],
        )


def with_ask_before(
    referenced: Referenced, entries: Iterable[ToolEntry]
) -> list[ToolEntry]:
    """The entries, each with the tools that ask now, so that they go on asking."""
    return [_with_ask_before(referenced, entry) for entry in entries]


def _with_ask_before(referenced: Referenced, entry: ToolEntry) -> ToolEntry:
    bare = {name: value for name, value in entry.items() if name != ASK_BEFORE}
    if entry["type"] not in {"http", "mcp"} or "needs_approval" in entry:
        return bare
    asking = [
        tool.source_name
        for tool in listed_tools(referenced, [entry])
        if tool.needs_approval
    ]
    return {**bare, ASK_BEFORE: asking} if asking else bare
