"""Opens the tools of a task."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from typing import Any, cast

import orjson
from django.conf import settings

from agentarium.core.encryption import UnreadableSecretError
from agentarium.core.exceptions import DomainError
from agentarium.outbound.hosts import HostError
from agentarium.runtime.masking.mask import NO_MASK, SecretMask
from agentarium.runtime.tools.base import Effect, Tool, ToolError, ToolSpec
from agentarium.runtime.tools.http import HttpRequestSettings, HttpRequestTool, Method
from agentarium.runtime.tools.http_client import HttpClient
from agentarium.runtime.tools.http_template import UrlTemplate
from agentarium.runtime.tools.mcp.connection import ConnectionObserver, McpConnection
from agentarium.runtime.tools.mcp.endpoints import (
    McpEndpoint,
    RemoteMcpServer,
    StdioMcpServer,
)
from agentarium.runtime.tools.mcp.tool import McpTool
from agentarium.runtime.tools.mcp.tool_info import McpToolList
from agentarium.runtime.tools.schema import ArgumentsSchema
from agentarium.runtime.tools.schema_validator import SchemaError
from agentarium.tools.approval import ListedTool, listed_tools
from agentarium.tools.catalogue import BUILTINS, agent_spec
from agentarium.tools.models import HttpTool, McpServer
from agentarium.tools.references import (
    FindAgents,
    Referenced,
    ToolEntry,
    load_referenced,
)
from agentarium.tools.secret_values import secret_mask


@dataclass(frozen=True, slots=True)
class ServerObserver:
    """What to call when a task connects to an MCP server, or cannot, and why."""

    on_listed: Callable[[McpServer, McpToolList], None] = lambda *_: None
    on_failed: Callable[[McpServer, str], None] = lambda *_: None


class ToolNotAllowedError(DomainError):
    """The agent has a tool that its owner may not use."""

    code = "tool_not_allowed"
    status = HTTPStatus.FORBIDDEN


@dataclass(slots=True)
class Toolset:
    """The tools that an agent can call in one task.

    `specs` has all of them, in the order for the model; `tools` has those that are
    called here. `ask_person` and the tools in `agents` are only in `specs`: calling them
    suspends the task. `missing` lists the tools that are not available now, and why.
    """

    specs: dict[str, ToolSpec] = field(default_factory=dict)
    tools: dict[str, Tool] = field(default_factory=dict)
    # Name of the tool -> id of the agent.
    agents: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    # Of the secrets of the tools, and of the providers.
    mask: SecretMask = NO_MASK
    _connections: list[McpConnection] = field(default_factory=list)

    async def aclose(self) -> None:
        """Close the connections that calls have opened."""
        for connection in self._connections:
            await connection.aclose()

    def add(self, spec: ToolSpec, tool: Tool | None = None) -> bool:
        """Add a tool. Returns False if its name is taken: the first tool wins."""
        if spec.name in self.specs:
            self.missing.append(f"{spec.name} (another tool has this name)")
            return False
        self.specs[spec.name] = spec
        if tool is not None:
            self.tools[spec.name] = tool
        return True

    def connect(
        self, server: McpEndpoint, row: McpServer, observer: ServerObserver
    ) -> McpConnection:
        of_server = ConnectionObserver(
            partial(observer.on_listed, row), partial(observer.on_failed, row)
        )
        connection = McpConnection(server, self.mask, observer=of_server)
        self._connections.append(connection)
        return connection


def open_tools(
    owner_id: int,
    entries: Sequence[ToolEntry],
    *,
    http: HttpClient,
    find_agents: FindAgents,
    observer: ServerObserver = ServerObserver(),
) -> Toolset:
    """Open the tools that an agent's definition lists.

    Makes at most four queries, and no connections: the first call does. The caller
    closes the toolset, in the event loop that made the calls. `observer` is called there.

    Raises `ToolNotAllowedError` if the agent lists a server of the operator that is not
    open to its owner, who may have been staff when the agent was saved.
    """
    referenced = load_referenced(owner_id, entries, find_agents)
    _refuse_closed_servers(owner_id, entries, referenced)
    return _ToolsetBuilder(referenced, http, observer).build(entries)


def _refuse_closed_servers(
    owner_id: int, entries: Sequence[ToolEntry], referenced: Referenced
) -> None:
    listed = {entry["server"] for entry in entries if entry["type"] == "mcp"}
    unusable = listed - referenced.mcp_servers.keys()
    if not unusable:
        return
    closed = McpServer.objects.closed_to(owner_id).filter(pk__in=unusable)
    if names := closed.order_by("name").values_list("name", flat=True):
        raise ToolNotAllowedError(
            f"The agent uses the MCP server {', '.join(names)}, which is open to staff "
            "only. Remove it from the agent, or ask the operator to open it."
        )


def arguments_schema(spec: ToolSpec) -> ArgumentsSchema:
    """The compiled schema of a tool. Raises `ToolError` if it cannot be used.

    Not for an event loop: reading a large schema takes up to a tenth of a second.
    """
    try:
        return _compiled(orjson.dumps(spec.parameters))
    except SchemaError as error:
        raise ToolError(f"The tool cannot be called. {error}") from error


@functools.lru_cache(maxsize=256)
def _compiled(schema: bytes) -> ArgumentsSchema:
    return ArgumentsSchema(orjson.loads(schema))


def http_request_tool(
    row: HttpTool, http: HttpClient, *, needs_approval: bool, mask: SecretMask
) -> Tool:
    """The callable form of an HTTP tool. Raises `UnreadableSecretError`."""
    spec = ToolSpec(
        name=row.name,
        description=row.description,
        parameters=row.parameters,
        effect=cast("Effect", row.effect),
        needs_approval=needs_approval,
        timeout=float(row.timeout),
    )
    request = HttpRequestSettings(
        cast("Method", row.method),
        UrlTemplate(row.url_template),
        row.revealed_headers(),
        row.revealed_url_secrets(),
    )
    return HttpRequestTool(spec, request, http, mask)


def mcp_endpoint(row: McpServer, http: HttpClient) -> McpEndpoint:
    """How to reach an MCP server. Raises `UnreadableSecretError`.

    Raises `LookupError` if the operator no longer configures its program.
    """
    if row.owner_id is not None:
        url, secrets = row.url, row.revealed_url_secrets()
        if secrets:
            url = UrlTemplate(url).expand({}, {}, secrets)
        return RemoteMcpServer(url, http, row.revealed_headers())
    program = settings.MCP_STDIO[row.name]
    return StdioMcpServer(
        program["command"],
        program.get("args", ()),
        program.get("env", {}),
        program.get("cwd"),
    )


class _ToolsetBuilder:
    def __init__(
        self, referenced: Referenced, http: HttpClient, observer: ServerObserver
    ) -> None:
        self._referenced = referenced
        self._http = http
        self._observer = observer

    def build(self, entries: Sequence[ToolEntry]) -> Toolset:
        rows = (
            *self._referenced.http_tools.values(),
            *self._referenced.mcp_servers.values(),
        )
        toolset = Toolset(mask=secret_mask(rows))
        for entry in entries:
            try:
                self._add(toolset, entry)
            except LookupError:
                toolset.missing.append(f"{_label(entry)} (it no longer exists)")
            except HostError as error:
                # Stored past the API, which checks them.
                toolset.missing.append(f"{_label(entry)} ({error})")
            except UnreadableSecretError:
                toolset.missing.append(
                    f"{_label(entry)} (its secrets cannot be decrypted)"
                )
        return toolset

    def _add(self, toolset: Toolset, entry: ToolEntry) -> None:
        listed = list(listed_tools(self._referenced, [entry]))
        match entry["type"]:
            case "builtin":
                self._add_builtin(toolset, entry, listed[0])
            case "http":
                row = self._referenced.http_tools[entry["id"]]
                asks = listed[0].needs_approval
                tool = http_request_tool(
                    row, self._http, needs_approval=asks, mask=toolset.mask
                )
                toolset.add(tool.spec, tool)
            case "mcp":
                self._add_mcp(toolset, entry, listed)
            case _:
                self._add_agent(toolset, entry)

    def _add_builtin(
        self, toolset: Toolset, entry: ToolEntry, listed: ListedTool
    ) -> None:
        builtin = BUILTINS[entry["name"]]
        spec = replace(
            builtin.spec,
            needs_approval=listed.needs_approval,
            timeout=float(entry.get("timeout", builtin.spec.timeout)),
        )
        http = self._http
        if hosts := entry.get("allowed_hosts"):
            http = http.restricted_to(hosts)
            description = f"{spec.description} It reaches only: {', '.join(hosts)}."
            spec = replace(spec, description=description)
        toolset.add(spec, builtin.create(spec, http) if builtin.create else None)

    def _add_mcp(
        self, toolset: Toolset, entry: ToolEntry, listed: Sequence[ListedTool]
    ) -> None:
        row = self._referenced.mcp_servers[entry["server"]]
        connection = toolset.connect(mcp_endpoint(row, self._http), row, self._observer)
        rows = {tool["name"]: tool for tool in row.tool_rows}
        for tool in listed:
            spec = _mcp_spec(rows[tool.source_name], tool, timeout=row.timeout)
            toolset.add(
                spec, McpTool(spec, name=tool.source_name, connection=connection)
            )
        toolset.missing += [
            f"{row.name}: {name} (it no longer exists)"
            for name in entry.get("names") or []
            if name not in rows
        ]

    def _add_agent(self, toolset: Toolset, entry: ToolEntry) -> None:
        agent = self._referenced.agents[entry["agent"]]
        spec = agent_spec(
            agent,
            name=entry.get("name", ""),
            description=entry.get("description", ""),
            needs_approval=entry.get("needs_approval", False),
        )
        if toolset.add(spec):
            toolset.agents[spec.name] = entry["agent"]


def _mcp_spec(row: dict[str, Any], tool: ListedTool, *, timeout: int) -> ToolSpec:
    return ToolSpec(
        name=tool.name,
        description=row["description"],
        parameters=row["parameters"],
        effect=cast("Effect", tool.effect),
        needs_approval=tool.needs_approval,
        timeout=float(timeout),
        progress_limit=settings.MCP_PROGRESS_SECONDS,
    )


def _label(entry: ToolEntry) -> str:
    kind = entry["type"]
    key = {"builtin": "name", "http": "id", "mcp": "server", "agent": "agent"}[kind]
    return f"{kind} {entry[key]}"
