"""Connections to MCP servers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agentarium.runtime.masking.mask import NO_MASK, SecretMask
from agentarium.runtime.tools.base import ToolError
from agentarium.runtime.tools.mcp.endpoints import McpEndpoint, SessionObserver
from agentarium.runtime.tools.mcp.errors import (
    SessionLostError,
    not_connected,
    sdk_errors_as_tool_errors,
)
from agentarium.runtime.tools.mcp.sdk import import_sdk
from agentarium.runtime.tools.mcp.tool_info import (
    McpToolInfo,
    McpToolList,
    list_pages,
)

if TYPE_CHECKING:
    from mcp import Client

LIST_TIMEOUT = 30.0
CLOSE_TIMEOUT = 5.0
# How often one session lists the tools again because the server says they have changed.
MAX_LISTS = 10


async def list_mcp_tools(
    server: McpEndpoint, mask: SecretMask = NO_MASK
) -> McpToolList:
    """List the tools of a server, on a new connection. Raises `ToolError`."""
    connection = McpConnection(server, mask)
    try:
        async with asyncio.timeout(LIST_TIMEOUT), connection.session() as session:
            return session.listed
    except TimeoutError as error:
        raise ToolError("The MCP server took too long to respond.") from error
    finally:
        await connection.aclose()


@dataclass(slots=True)
class McpSession:
    """An open client, and the tools that the server has listed last."""

    client: "Client"
    listed: McpToolList

    def find_tool(self, name: str) -> McpToolInfo | None:
        return next((tool for tool in self.listed.tools if tool.name == name), None)


@dataclass(frozen=True, slots=True)
class ConnectionObserver:
    """What to call with the tools of a server, each time that it lists them.

    `on_failed` gets the reason when the server cannot be used.
    """

    on_listed: Callable[[McpToolList], None] = lambda _: None
    on_failed: Callable[[str], None] = lambda _: None


NO_OBSERVER = ConnectionObserver()


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
        observer: ConnectionObserver = NO_OBSERVER,
    ) -> None:
        self.mask = mask
        self._server = server
        self._observer = observer
        self._session_task: _SessionTask | None = None

    @asynccontextmanager
    async def session(self) -> AsyncIterator[McpSession]:
        """The session for one call. Raises `ToolError` if the call fails.

        It is a `SessionLostError` if the server has not taken the call because it does
        not know the session any more. The next session is a new one. A cancelled call
        closes the session immediately. If other calls are using it, the last of them
        closes it.
        """
        await import_sdk()
        if self._session_task is None or self._session_task.is_broken:
            self._session_task = _SessionTask(self._server, self.mask, self._observer)
        session_task = self._session_task
        session_task.users += 1
        try:
            with sdk_errors_as_tool_errors(self.mask, session_task.mark_broken):
                yield await session_task.ready()
        except asyncio.CancelledError:
            session_task.mark_broken()
            raise
        finally:
            session_task.users -= 1
            if session_task.is_broken and not session_task.users:
                session_task.abandon()

    async def aclose(self) -> None:
        """Close the session in order, within a few seconds."""
        if self._session_task is not None:
            await self._session_task.aclose()


class _SessionTask:
    """The asyncio task that opens a session, keeps it open, and closes it."""

    def __init__(
        self, server: McpEndpoint, mask: SecretMask, observer: ConnectionObserver
    ) -> None:
        self._mask = mask
        self._observer = observer
        self.users = 0
        self.is_broken = False
        self._stop = asyncio.Event()
        self._have_tools_changed = asyncio.Event()
        self._session: asyncio.Future[McpSession] = asyncio.Future()
        self._task = asyncio.create_task(self._hold(server))

    def mark_broken(self) -> None:
        """Let the next call open another session."""
        self.is_broken = True

    async def _hold(self, server: McpEndpoint) -> None:
        observer = SessionObserver(self.mark_broken, self._have_tools_changed.set)
        async with server.client(observer) as client:
            listed = await list_pages(client, self._mask)
            self._observer.on_listed(listed)
            session = McpSession(client, listed)
            self._session.set_result(session)
            following = asyncio.create_task(self._follow_changes(session))
            try:
                await self._stop.wait()
            finally:
                following.cancel()
                await asyncio.wait([following])

    async def _follow_changes(self, session: McpSession) -> None:
        """List the tools again when they have changed."""
        for _ in range(MAX_LISTS):
            await self._have_tools_changed.wait()
            self._have_tools_changed.clear()
            try:
                with sdk_errors_as_tool_errors(self._mask, self.mark_broken):
                    session.listed = await list_pages(session.client, self._mask)
            except ToolError:
                # The next call opens a session, and lists them.
                return
            self._observer.on_listed(session.listed)

    async def ready(self) -> McpSession:
        futures: list[asyncio.Future[Any]] = [self._task, self._session]
        await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
        if self._session.done() and not self._task.done():
            return self._session.result()
        self.mark_broken()
        cause = None if self._task.cancelled() else self._task.exception()
        error = not_connected(cause, self._mask)
        if not isinstance(error, SessionLostError):
            self._observer.on_failed(str(error))
        raise error from cause

    def abandon(self) -> None:
        """Close the session without notifying the server."""
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
    """Retrieve the exception of a closed session, so that asyncio does not log it."""
    if not task.cancelled():
        task.exception()
