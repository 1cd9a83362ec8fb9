"""Connections to MCP servers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from agentarium.runtime.tools.base import OutcomeUnknownError, ToolError
from agentarium.runtime.tools.masking import NO_MASK, SecretMask
from agentarium.runtime.tools.mcp.endpoints import McpEndpoint
from agentarium.runtime.tools.mcp.errors import not_connected, tool_error
from agentarium.runtime.tools.mcp.sdk import import_sdk
from agentarium.runtime.tools.mcp.tool_info import McpToolInfo, OnListed, list_pages

if TYPE_CHECKING:
    from mcp import Client

LIST_TIMEOUT = 30.0
CLOSE_TIMEOUT = 5.0


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
        await import_sdk()
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
            raise tool_error(error, self.mask) from error
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
            tools = await list_pages(client, self._mask)
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
        raise not_connected(error, self._mask) from error

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
