"""Where MCP servers are, and how to connect to them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agentarium.runtime.tools.http_client import HttpClient
from agentarium.runtime.tools.mcp.sdk import silence_sdk, skip_output_validation

if TYPE_CHECKING:
    from mcp import Client


@dataclass(frozen=True, slots=True)
class SessionObserver:
    """What to call when the server ends a session, and when its tools change."""

    on_closed: Callable[[], None]
    on_tools_changed: Callable[[], None]


@dataclass(frozen=True, slots=True)
class RemoteMcpServer:
    """A server that is called over HTTP, through the guarded client."""

    # It may hold a secret.
    url: str = field(repr=False)
    http: HttpClient = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def client(
        self, observer: SessionObserver
    ) -> "AbstractAsyncContextManager[Client]":
        return _remote_client(self, observer)


@dataclass(frozen=True, slots=True)
class StdioMcpServer:
    """A program that the operator has configured; each connection starts a process."""

    command: str
    args: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str | None = None

    def client(
        self, observer: SessionObserver
    ) -> "AbstractAsyncContextManager[Client]":
        return _stdio_client(self, observer)


McpEndpoint = RemoteMcpServer | StdioMcpServer


@asynccontextmanager
async def _remote_client(
    server: RemoteMcpServer, observer: SessionObserver
) -> "AsyncIterator[Client]":
    from agentarium.runtime.tools.mcp.http import GuardedTransport
    from agentarium.runtime.tools.mcp.streams import remote_streams

    silence_sdk()
    guarded = GuardedTransport(server.http)
    async with guarded.client(server.headers) as client:
        transport = remote_streams(server.url, client, on_closed=observer.on_closed)
        async with _client(transport, observer) as connected:
            try:
                yield connected
            except asyncio.CancelledError:
                guarded.is_abandoned = True
                raise


@asynccontextmanager
async def _stdio_client(
    server: StdioMcpServer, observer: SessionObserver
) -> "AsyncIterator[Client]":
    from mcp import StdioServerParameters

    from agentarium.runtime.tools.mcp.streams import stdio_streams

    silence_sdk()
    parameters = StdioServerParameters(
        command=server.command,
        args=list(server.args),
        env=dict(server.env),
        cwd=server.cwd,
        encoding_error_handler="replace",
    )
    transport = stdio_streams(parameters, on_closed=observer.on_closed)
    async with _client(transport, observer) as connected:
        yield connected


@asynccontextmanager
async def _client(transport: Any, observer: SessionObserver) -> "AsyncIterator[Client]":
    from mcp import Client
    from mcp_types import ToolListChangedNotification

    async def receive(message: object) -> None:
        if isinstance(message, ToolListChangedNotification):
            observer.on_tools_changed()

    async with Client(transport, cache=None, message_handler=receive) as client:
        skip_output_validation(client)
        subscribing = asyncio.create_task(_subscribe(client))
        try:
            yield client
        finally:
            subscribing.cancel()
            await asyncio.wait([subscribing])


async def _subscribe(client: "Client") -> None:
    """Ask for news of the tools. Older versions of the protocol send them unasked."""
    from mcp_types.version import MODERN_PROTOCOL_VERSIONS

    tools = client.server_capabilities.tools
    is_modern = client.protocol_version in MODERN_PROTOCOL_VERSIONS
    if is_modern and tools is not None and tools.list_changed:
        # A server that breaks off sends no news: each new session lists the tools.
        with suppress(Exception):
            async with client.listen(tools_list_changed=True) as news:
                async for _ in news:
                    pass
