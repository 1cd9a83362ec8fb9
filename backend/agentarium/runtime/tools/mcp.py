"""Lists and calls the tools of MCP servers.

The SDK is imported on first use, because that takes seconds. It is imported on a thread:
the event loop, and so everybody's streams, must not wait for it.
"""

import asyncio
import importlib
import logging
import re
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from agentarium.runtime.masking.mask import NO_MASK, SecretMask
from agentarium.runtime.tools.base import (
    Effect,
    OutcomeUnknownError,
    ToolError,
    ToolInvocation,
    ToolSpec,
)
from agentarium.runtime.tools.http_client import HttpClient
from agentarium.runtime.tools.schema import ArgumentsSchema
from agentarium.runtime.tools.schema_validator import SchemaError

if TYPE_CHECKING:
    from mcp import Client, MCPError
    from mcp_types import CallToolResult, Tool

MAX_TOOLS = 200
MAX_PAGES = 50
MAX_CHARS = 50_000
MAX_DESCRIPTION_CHARS = 4_000
MAX_ERROR_CHARS = 1_000
LIST_TIMEOUT = 30.0
CLOSE_TIMEOUT = 5.0
# In the metadata of each call, for servers that support it.
IDEMPOTENCY_KEY = "agentarium/idempotency-key"
# It imports all modules of the SDK that are used here.
_SDK = "agentarium.runtime.tools.mcp_http"
_is_imported = threading.Event()
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")


@dataclass(frozen=True, slots=True)
class RemoteMcpServer:
    """A server that is called over HTTP, through the guarded client."""

    # It may hold a secret.
    url: str = field(repr=False)
    http: HttpClient = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def client(self) -> "AbstractAsyncContextManager[Client]":
        return _remote_client(self)


@dataclass(frozen=True, slots=True)
class StdioMcpServer:
    """A program that the operator has configured; each connection starts a process."""

    command: str
    args: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str | None = None

    def client(self) -> "AbstractAsyncContextManager[Client]":
        return _stdio_client(self)


McpEndpoint = RemoteMcpServer | StdioMcpServer


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


def tool_name(name: str, prefix: str = "") -> str:
    """The name of a server's tool as the model sees it."""
    return _NOT_IN_NAMES.sub("_", f"{prefix}{name}")[:64]


async def list_mcp_tools(
    server: McpEndpoint, mask: SecretMask = NO_MASK
) -> list[McpToolInfo]:
    """List the tools of a server, on a new connection. Raises `ToolError`."""
    connection = McpConnection(server, mask)
    try:
        async with asyncio.timeout(LIST_TIMEOUT), connection.session() as session:
            return list(session.tools.values())
    except TimeoutError as error:
        raise ToolError("The MCP server took too long to respond.") from error
    finally:
        await connection.aclose()


async def _list_pages(client: "Client", mask: SecretMask) -> dict[str, McpToolInfo]:
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


class McpTool:
    """One tool of a server. All tools of a server share one connection.

    The model knows the tool as the server's owner has accepted it. The server may have
    changed it since: then it is called only with arguments that match both schemas.
    """

    def __init__(
        self,
        spec: ToolSpec,
        *,
        name: str,
        connection: "McpConnection",
    ) -> None:
        self.spec = spec
        self._name = name
        self._connection = connection

    async def call(self, invocation: ToolInvocation) -> str:
        meta: Any = {IDEMPOTENCY_KEY: invocation.idempotency_key}
        is_connected = False
        try:
            async with (
                asyncio.timeout(self.spec.timeout),
                self._connection.session() as session,
            ):
                await self._check_is_unchanged(session.tools, invocation)
                is_connected = True
                result = await session.client.call_tool(
                    self._name, invocation.arguments, meta=meta
                )
        except TimeoutError as error:
            error_type = OutcomeUnknownError if is_connected else ToolError
            raise error_type("The MCP server took too long to respond.") from error
        text = _as_text(result, self._connection.mask)
        if result.is_error:
            raise ToolError(text or "The tool failed without an error message.")
        return text

    async def _check_is_unchanged(
        self, tools: Mapping[str, McpToolInfo], invocation: ToolInvocation
    ) -> None:
        """Raise `ToolError` if the server has removed the tool or changed its arguments."""
        tool = tools.get(self._name)
        if tool is None:
            raise ToolError(
                f"The MCP server no longer offers the tool {self.spec.name!r}, so nothing "
                "was called. Continue without it."
            )
        if tool.parameters == self.spec.parameters:
            return
        try:
            schema = await asyncio.to_thread(ArgumentsSchema, tool.parameters)
            await schema.check(invocation.arguments, owner=invocation.owner_id)
        except (SchemaError, ToolError) as error:
            raise ToolError(
                f"The MCP server has changed the arguments of {self.spec.name!r}, so "
                "nothing was called. Continue without it until the owner of the server "
                "has accepted the change."
            ) from error


class McpSession(NamedTuple):
    """An open client, and the tools that the server listed when it was opened."""

    client: "Client"
    tools: Mapping[str, McpToolInfo]


class McpConnection:
    """A connection of one task to one server, opened on first use.

    The SDK requires that the asyncio task that opened a connection closes it. So the
    connection has its own asyncio task, and calls may come from any other.
    """

    def __init__(
        self,
        server: McpEndpoint,
        mask: SecretMask = NO_MASK,
        *,
        on_listed: OnListed = lambda _: None,
    ) -> None:
        """`on_listed` gets the server's tools each time that it is connected."""
        self.mask = mask
        self._server = server
        self._on_listed = on_listed
        self._connection_task: _ConnectionTask | None = None

    @asynccontextmanager
    async def session(self) -> AsyncIterator[McpSession]:
        """The session for one call. Raises `ToolError` if the call fails.

        A cancelled call closes the connection immediately. If other calls are using it,
        the last of them closes it.
        """
        await _import_sdk()
        from mcp import MCPError
        from pydantic import ValidationError

        if self._connection_task is None or self._connection_task.is_broken:
            self._connection_task = _ConnectionTask(
                self._server.client, self.mask, self._on_listed
            )
        connection_task = self._connection_task
        connection_task.users += 1
        try:
            yield await connection_task.ready()
        except MCPError as error:
            connection_task.is_broken = True
            raise _tool_error(error, self.mask) from error
        except ValidationError:
            # Its text quotes the response at any length, so it is not kept as a cause.
            raise OutcomeUnknownError(
                "The MCP server's response does not follow the protocol."
            ) from None
        except asyncio.CancelledError:
            connection_task.is_broken = True
            raise
        finally:
            connection_task.users -= 1
            if connection_task.is_broken and not connection_task.users:
                connection_task.abandon()

    async def aclose(self) -> None:
        """Close the connection in order, within a few seconds."""
        if self._connection_task is not None:
            await self._connection_task.aclose()


class _ConnectionTask:
    """The asyncio task that opens a session, keeps it open, and closes it."""

    def __init__(
        self,
        client: "Callable[[], AbstractAsyncContextManager[Client]]",
        mask: SecretMask,
        on_listed: OnListed,
    ) -> None:
        self._mask = mask
        self.users = 0
        self.is_broken = False
        self._on_listed = on_listed
        self._stop = asyncio.Event()
        self._session: asyncio.Future[McpSession] = asyncio.Future()
        self._task = asyncio.create_task(self._hold(client))

    async def _hold(
        self, open_client: "Callable[[], AbstractAsyncContextManager[Client]]"
    ) -> None:
        async with open_client() as client:
            tools = await _list_pages(client, self._mask)
            self._on_listed(list(tools.values()))
            self._session.set_result(McpSession(client, tools))
            await self._stop.wait()

    async def ready(self) -> McpSession:
        futures: list[asyncio.Future[Any]] = [self._task, self._session]
        await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
        if self._session.done() and not self._task.done():
            return self._session.result()
        self.is_broken = True
        error = None if self._task.cancelled() else self._task.exception()
        raise _not_connected(error, self._mask) from error

    def abandon(self) -> None:
        """Close the connection without notifying the server."""
        self._task.cancel()
        self._task.add_done_callback(_discard_error)

    async def aclose(self) -> None:
        self._stop.set()
        done, _ = await asyncio.wait({self._task}, timeout=CLOSE_TIMEOUT)
        if not done:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=CLOSE_TIMEOUT)
        self._task.add_done_callback(_discard_error)


def _discard_error(task: asyncio.Task[None]) -> None:
    """Retrieve the exception of a closed connection, so that asyncio does not log it."""
    if not task.cancelled():
        task.exception()


@asynccontextmanager
async def _remote_client(server: RemoteMcpServer) -> "AsyncIterator[Client]":
    from mcp import Client

    from agentarium.runtime.tools.mcp_http import GuardedTransport, bounded_streams

    _silence_sdk()
    guarded = GuardedTransport(server.http)
    async with guarded.client(server.headers) as client:
        transport = bounded_streams(server.url, client, max_tools=MAX_TOOLS)
        async with Client(transport, cache=None) as connected:
            _skip_output_validation(connected)
            try:
                yield connected
            except asyncio.CancelledError:
                guarded.is_abandoned = True
                raise


@asynccontextmanager
async def _stdio_client(server: StdioMcpServer) -> "AsyncIterator[Client]":
    from mcp import Client, StdioServerParameters

    _silence_sdk()
    parameters = StdioServerParameters(
        command=server.command,
        args=list(server.args),
        env=dict(server.env),
        cwd=server.cwd,
    )
    async with Client(parameters, cache=None) as connected:
        _skip_output_validation(connected)
        yield connected


def _skip_output_validation(client: "Client") -> None:
    """Keep the SDK from checking results against the schemas of their server.

    It matches the server's patterns with backtracking, on the event loop. The model gets
    the result as text, so the check would gain nothing.
    """

    async def skip(name: str, result: "CallToolResult") -> None:
        pass

    client.session.validate_tool_result = skip  # type: ignore[method-assign]


async def _import_sdk() -> None:
    """Import the SDK on a thread. Until that is done, an `import` here would wait."""
    if not _is_imported.is_set():
        await asyncio.to_thread(importlib.import_module, _SDK)
        _is_imported.set()


def _silence_sdk() -> None:
    """Turn off the SDK's logs: they contain unparsable messages, with users' data."""
    for name in ("mcp", "client", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


# --- Errors and results ------------------------------------------------------------


def _tool_error(error: "MCPError", mask: SecretMask) -> ToolError:
    from mcp_types import CONNECTION_CLOSED, PARSE_ERROR, REQUEST_TIMEOUT

    from agentarium.runtime.tools.mcp_http import NOT_SENT

    if error.code == NOT_SENT:
        return ToolError(error.message)
    if error.code in {CONNECTION_CLOSED, PARSE_ERROR, REQUEST_TIMEOUT}:
        return OutcomeUnknownError(
            "The connection to the MCP server was lost before it responded."
        )
    return ToolError(f"The MCP server rejected the call: {_message(error, mask)}")


def _message(error: "MCPError", mask: SecretMask) -> str:
    return mask.beginning(error.message, MAX_ERROR_CHARS)[0]


def _not_connected(error: BaseException | None, mask: SecretMask) -> ToolError:
    """The error for a failed connection; no tool was called."""
    from mcp import MCPError

    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, MCPError):
        return ToolError(f"The MCP server cannot be used: {_message(error, mask)}")
    if isinstance(error, OSError):
        return ToolError(
            "The MCP server's program cannot be started. Check its command."
        )
    return ToolError(
        "The MCP server cannot be used: it does not speak MCP. Check its address."
    )


def _as_text(result: "CallToolResult", mask: SecretMask) -> str:
    parts = [_block(block) for block in result.content]
    if not parts and result.structured_content is not None:
        parts = [orjson.dumps(result.structured_content).decode()]
    text, is_cut = mask.beginning("\n".join(parts), MAX_CHARS)
    return f"{text}\n… (truncated: the result is longer)" if is_cut else text


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
