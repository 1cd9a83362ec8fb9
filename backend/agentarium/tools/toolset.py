"""The tools of one task, ready to be called."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import orjson
from django.conf import settings

from agentarium.core.encryption import UnreadableSecretError
from agentarium.runtime.tools.base import Effect, Tool, ToolSpec
from agentarium.runtime.tools.http import HttpRequestSettings, HttpRequestTool, Method
from agentarium.runtime.tools.http_client import HttpClient
from agentarium.runtime.tools.http_template import UrlTemplate
from agentarium.runtime.tools.mcp import (
    McpConnection,
    McpEndpoint,
    McpTool,
    RemoteMcpServer,
    StdioMcpServer,
    tool_name,
)
from agentarium.runtime.tools.schema import ArgumentsSchema
from agentarium.tools.catalogue import BUILTINS, CallableAgent, agent_spec
from agentarium.tools.entries import FindAgents, ToolEntry
from agentarium.tools.models import HttpTool, McpServer


@dataclass(slots=True)
class Toolset:
    """What an agent can call in one task.

    `specs` is what its model is told of, in order; `tools` are those that are called
    here. `ask_person` and the agents in `agents` are in `specs` only: they suspend the
    task. `missing` names what the agent has in its list and cannot have now.
    """

    specs: dict[str, ToolSpec] = field(default_factory=dict)
    tools: dict[str, Tool] = field(default_factory=dict)
    # The name of the tool -> the id of the agent.
    agents: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    _connections: list[McpConnection] = field(default_factory=list)

    async def aclose(self) -> None:
        """Close the connections that calls have left open."""
        for connection in self._connections:
            await connection.aclose()

    def add(self, spec: ToolSpec, tool: Tool | None = None) -> bool:
        """Whether there was room: of two tools of one name, the first one stays."""
        if spec.name in self.specs:
            self.missing.append(f"{spec.name} (another tool has this name)")
            return False
        self.specs[spec.name] = spec
        if tool is not None:
            self.tools[spec.name] = tool
        return True

    def connect(self, server: McpEndpoint) -> McpConnection:
        connection = McpConnection(server)
        self._connections.append(connection)
        return connection


def open_tools(
    owner_id: int,
    entries: Sequence[ToolEntry],
    *,
    http: HttpClient,
    find_agents: FindAgents,
) -> Toolset:
    """The tools that these entries of an agent's definition stand for.

    Reads the database, in at most three queries, and connects to nothing: that is for
    the first call. Whoever opened it closes it, in the loop that made the calls.
    """
    return _ToolsetBuilder(owner_id, entries, http, find_agents).toolset()


def arguments_schema(spec: ToolSpec) -> ArgumentsSchema:
    """The compiled schema of a tool. Raises `SchemaError`."""
    return _compiled(orjson.dumps(spec.parameters))


@functools.lru_cache(maxsize=1024)
def _compiled(schema: bytes) -> ArgumentsSchema:
    return ArgumentsSchema(orjson.loads(schema))


def http_tool(row: HttpTool, http: HttpClient, *, needs_approval: bool) -> Tool:
    """A declared tool as it is called. Raises `UnreadableSecretError`."""
    spec = ToolSpec(
        name=row.name,
        description=row.description,
        parameters=row.parameters,
        effect=cast("Effect", row.effect),
        needs_approval=needs_approval,
        timeout=float(row.timeout),
    )
    made = HttpRequestSettings(
        cast("Method", row.method),
        UrlTemplate(row.url_template),
        row.revealed_headers(),
    )
    return HttpRequestTool(spec, made, http)


def mcp_server(row: McpServer, http: HttpClient) -> McpEndpoint:
    """Where a registered server is. Raises `UnreadableSecretError`, `LookupError`."""
    if row.owner_id is not None:
        return RemoteMcpServer(row.url, http, row.revealed_headers())
    program = settings.MCP_STDIO[row.name]
    return StdioMcpServer(
        program["command"],
        program.get("args", ()),
        program.get("env", {}),
        program.get("cwd"),
    )


class _ToolsetBuilder:
    def __init__(
        self,
        owner_id: int,
        entries: Sequence[ToolEntry],
        http: HttpClient,
        find_agents: FindAgents,
    ) -> None:
        self._entries = entries
        self._http = http
        tools, servers, agents = (
            {entry[key] for entry in entries if entry["type"] == kind}
            for kind, key in (("http", "id"), ("mcp", "server"), ("agent", "agent"))
        )
        self._tools = HttpTool.objects.filter(owner_id=owner_id).in_bulk(tools)
        self._servers = McpServer.objects.usable_by(owner_id).in_bulk(servers)
        self._agents = find_agents(agents) if agents else {}

    def toolset(self) -> Toolset:
        toolset = Toolset()
        for entry in self._entries:
            try:
                self._add(toolset, entry)
            except LookupError:
                toolset.missing.append(f"{_named(entry)} (it is gone)")
            except UnreadableSecretError:
                toolset.missing.append(f"{_named(entry)} (its secrets are unreadable)")
        return toolset

    def _add(self, toolset: Toolset, entry: ToolEntry) -> None:
        match entry["type"]:
            case "builtin":
                self._add_builtin(toolset, entry)
            case "http":
                row = self._tools[entry["id"]]
                needs_approval = entry.get("needs_approval", row.needs_approval)
                tool = http_tool(row, self._http, needs_approval=needs_approval)
                toolset.add(tool.spec, tool)
            case "mcp":
                self._add_mcp(toolset, entry)
            case _:
                self._add_agent(toolset, entry)

    def _add_builtin(self, toolset: Toolset, entry: ToolEntry) -> None:
        builtin = BUILTINS[entry["name"]]
        spec = replace(
            builtin.spec,
            needs_approval=entry.get("needs_approval", False),
            timeout=float(entry.get("timeout", builtin.spec.timeout)),
        )
        toolset.add(spec, builtin.tool(spec, self._http) if builtin.tool else None)

    def _add_mcp(self, toolset: Toolset, entry: ToolEntry) -> None:
        row = self._servers[entry["server"]]
        connection = toolset.connect(mcp_server(row, self._http))
        for spec, name in mcp_specs(row, entry):
            toolset.add(spec, McpTool(spec, name=name, connection=connection))
        there = {tool["name"] for tool in row.tool_rows}
        toolset.missing += [
            f"{row.name}: {name} (it is gone)"
            for name in entry.get("names") or []
            if name not in there
        ]

    def _add_agent(self, toolset: Toolset, entry: ToolEntry) -> None:
        agent: CallableAgent = self._agents[entry["agent"]]
        spec = agent_spec(
            agent,
            name=entry.get("name", ""),
            description=entry.get("description", ""),
            needs_approval=entry.get("needs_approval", False),
        )
        if toolset.add(spec):
            toolset.agents[spec.name] = entry["agent"]


def mcp_specs(row: McpServer, entry: ToolEntry) -> Iterator[tuple[ToolSpec, str]]:
    """The tools of a server that an entry takes, with the server's own names."""
    wanted = entry.get("names")
    for tool in row.tool_rows:
        if wanted is None or tool["name"] in wanted:
            spec = ToolSpec(
                name=tool_name(tool["name"], entry.get("prefix", "")),
                description=tool["description"],
                parameters=tool["parameters"],
                effect=entry.get("effect", tool["effect"]),
                needs_approval=entry.get("needs_approval", False),
                timeout=float(row.timeout),
            )
            yield spec, tool["name"]


def _named(entry: ToolEntry) -> str:
    kind = entry["type"]
    key = {"builtin": "name", "http": "id", "mcp": "server", "agent": "agent"}[kind]
    return f"{kind} {entry[key]}"
