"""Tools of MCP servers: listing them, and calling them.

The SDK is imported when the first of them is used: its import takes seconds.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from agentarium.runtime.tools.base import (
    Effect,
    OutcomeUnknownError,
    ToolError,
    ToolInvocation,
    ToolSpec,
)
from agentarium.runtime.tools.http_client import HttpClient

if TYPE_CHECKING:
    from mcp import Client, MCPError
    from mcp_types import CallToolResult, Tool

MAX_TOOLS = 200
MAX_CHARS = 50_000
MAX_DESCRIPTION_CHARS = 4_000
LIST_TIMEOUT = 30.0
CLOSE_TIMEOUT = 5.0
# Beside the arguments of an idempotent call, for servers that know what to do with it.
IDEMPOTENCY_KEY = "agentarium/idempotency-key"
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")


@dataclass(frozen=True, slots=True)
class RemoteMcpServer:
    """A server that is called over HTTP, through the guard."""

    url: str
    http: HttpClient = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def client(self) -> "AbstractAsyncContextManager[Client]":
        return _remote_client(self)


@dataclass(frozen=True, slots=True)
class StdioMcpServer:
    """A program that the operator has configured, one process for each connection."""

    command: str
    args: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str | None = None

    def client(self) -> "AbstractAsyncContextManager[Client]":
        return _stdio_client(self)


McpEndpoint = RemoteMcpServer | StdioMcpServer


@dataclass(frozen=True, slots=True)
class McpToolInfo:
    """A tool as its server describes it; `name` is the server's own."""

    name: str
    description: str
    parameters: dict[str, Any]
    effect: Effect


def tool_name(name: str, prefix: str = "") -> str:
    """The name under which a model sees a server's tool."""
    return _NOT_IN_NAMES.sub("_", f"{prefix}{name}")[:64]


async def list_mcp_tools(server: McpEndpoint) -> list[McpToolInfo]:
    """Ask a server for its tools, on a connection of its own. Raises `ToolError`."""
    connection = McpConnection(server)
    try:
        async with asyncio.timeout(LIST_TIMEOUT), connection.client() as client:
            return await _listed(client)
    except TimeoutError as error:
        raise ToolError("The MCP server took too long to answer.") from error
    finally:
        await connection.aclose()


async def _listed(client: "Client") -> list[McpToolInfo]:
    tools: list[Tool] = []
    cursor: str | None = None
    while len(tools) < MAX_TOOLS:
        page = await client.list_tools(cursor=cursor)
        tools += page.tools
        cursor = page.next_cursor
        if not cursor:
            break
    return [_info(tool) for tool in tools[:MAX_TOOLS]]


def _info(tool: "Tool") -> McpToolInfo:
    effect: Effect = "write"
    if tool.annotations is not None and tool.annotations.read_only_hint:
        effect = "read"
    elif tool.annotations is not None and tool.annotations.idempotent_hint:
        effect = "idempotent"
    description = (tool.description or tool.title or "")[:MAX_DESCRIPTION_CHARS]
    return McpToolInfo(tool.name, description, tool.input_schema, effect)


class McpTool:
    """One tool of a server; all tools of a server share its connection."""

    def __init__(
        self, spec: ToolSpec, *, name: str, connection: "McpConnection"
    ) -> None:
        self.spec = spec
        self._name = name
        self._connection = connection

    async def call(self, call: ToolInvocation) -> str:
        meta: Any = {IDEMPOTENCY_KEY: call.idempotency_key}
        is_called = False
        try:
            async with (
                asyncio.timeout(self.spec.timeout),
                self._connection.client() as client,
            ):
                is_called = True
                result = await client.call_tool(self._name, call.arguments, meta=meta)
        except TimeoutError as error:
            kind = OutcomeUnknownError if is_called else ToolError
            raise kind("The MCP server took too long to answer.") from error
        text = _as_text(result)
        if result.is_error:
            raise ToolError(text or "The tool failed, and did not say why.")
        return text


class McpConnection:
    """A connection to one server for one task, made when it is first needed.

    The SDK wants a connection to be closed by the task that opened it: so a task of
    its own holds it, and calls come from any.
    """

    def __init__(self, server: McpEndpoint) -> None:
        self._server = server
        self._holder: _Holder | None = None

    @asynccontextmanager
    async def client(self) -> "AsyncIterator[Client]":
        """The client for one call. Raises `ToolError` for what goes wrong in it.

        A call that is cancelled takes the connection with it, at once, unless others
        are using it: then the last of them does.
        """
        from mcp import MCPError

        if self._holder is None or self._holder.is_spent:
            self._holder = _Holder(self._server.client)
        holder = self._holder
        holder.users += 1
        try:
            yield await holder.ready()
        except MCPError as error:
            holder.is_spent = True
            raise _tool_error(error) from error
        except asyncio.CancelledError:
            holder.is_spent = True
            raise
        finally:
            holder.users -= 1
            if holder.is_spent and not holder.users:
                holder.abandon()

    async def aclose(self) -> None:
        """Take leave of the server, within a few seconds."""
        if self._holder is not None:
            await self._holder.aclose()


class _Holder:
    """The task that opens a client, holds it while it is wanted, and closes it."""

    def __init__(
        self, client: "Callable[[], AbstractAsyncContextManager[Client]]"
    ) -> None:
        self.users = 0
        self.is_spent = False
        self._stop = asyncio.Event()
        self._client: asyncio.Future[Client] = asyncio.Future()
        self._task = asyncio.create_task(self._hold(client))

    async def _hold(
        self, open_client: "Callable[[], AbstractAsyncContextManager[Client]]"
    ) -> None:
        async with open_client() as client:
            self._client.set_result(client)
            await self._stop.wait()

    async def ready(self) -> "Client":
        either: list[asyncio.Future[Any]] = [self._task, self._client]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if self._client.done() and not self._task.done():
            return self._client.result()
        self.is_spent = True
        error = None if self._task.cancelled() else self._task.exception()
        raise _not_connected(error) from error

    def abandon(self) -> None:
        """Close whatever is open, without another word to the server."""
        self._task.cancel()
        self._task.add_done_callback(_forget)

    async def aclose(self) -> None:
        self._stop.set()
        done, _ = await asyncio.wait({self._task}, timeout=CLOSE_TIMEOUT)
        if not done:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=CLOSE_TIMEOUT)
        self._task.add_done_callback(_forget)


def _forget(task: asyncio.Task[None]) -> None:
    """Whatever a connection that is no longer wanted has died of."""
    if not task.cancelled():
        task.exception()


@asynccontextmanager
async def _remote_client(server: RemoteMcpServer) -> "AsyncIterator[Client]":
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    from agentarium.runtime.tools.mcp_http import GuardedTransport

    _silence()
    guarded = GuardedTransport(server.http)
    async with guarded.client(server.headers) as client:
        transport = streamable_http_client(server.url, http_client=client)
        async with Client(transport, cache=None) as connected:
            try:
                yield connected
            except asyncio.CancelledError:
                guarded.is_abandoned = True
                raise


@asynccontextmanager
async def _stdio_client(server: StdioMcpServer) -> "AsyncIterator[Client]":
    from mcp import Client, StdioServerParameters

    _silence()
    parameters = StdioServerParameters(
        command=server.command,
        args=list(server.args),
        env=dict(server.env),
        cwd=server.cwd,
    )
    async with Client(parameters, cache=None) as connected:
        yield connected


def _silence() -> None:
    """The SDK logs what it cannot parse, which may be somebody's data."""
    for name in ("mcp", "client", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


# --- What went wrong, and what came back --------------------------------------------


def _tool_error(error: "MCPError") -> ToolError:
    from mcp_types import CONNECTION_CLOSED, PARSE_ERROR, REQUEST_TIMEOUT

    from agentarium.runtime.tools.mcp_http import NOT_SENT

    if error.code == NOT_SENT:
        return ToolError(error.message)
    if error.code in {CONNECTION_CLOSED, PARSE_ERROR, REQUEST_TIMEOUT}:
        return OutcomeUnknownError(
            "The connection to the MCP server was lost before its answer came."
        )
    return ToolError(f"The MCP server refused the call: {error.message[:1000]}")


def _not_connected(error: BaseException | None) -> ToolError:
    """Nothing was called yet, whatever it was."""
    from mcp import MCPError

    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, MCPError):
        return ToolError(f"The MCP server cannot be used: {error.message[:1000]}")
    if isinstance(error, OSError):
        return ToolError("The MCP server's program cannot be started.")
    return ToolError("The MCP server cannot be used: it does not speak the protocol.")


def _as_text(result: "CallToolResult") -> str:
    parts = [_block(block) for block in result.content]
    if not parts and result.structured_content is not None:
        parts = [orjson.dumps(result.structured_content).decode()]
    text = "\n".join(parts)
    if len(text) > MAX_CHARS:
        return f"{text[:MAX_CHARS]}\n… (cut here: the result is longer)"
    return text


def _block(block: Any) -> str:
    match block.type:
        case "text":
            return str(block.text)
        case "resource_link":
            return f"{block.title or block.name}: {block.uri}"
        case "resource" if hasattr(block.resource, "text"):
            return str(block.resource.text)
        case kind:
            return f"({kind}, which cannot be shown as text)"
