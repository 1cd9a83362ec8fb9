"""Where MCP servers are, and how to connect to them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agentarium.runtime.tools.http_client import HttpClient
from agentarium.runtime.tools.mcp.sdk import silence_sdk, skip_output_validation
from agentarium.runtime.tools.mcp.tool_info import MAX_TOOLS

if TYPE_CHECKING:
    from mcp import Client


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


@asynccontextmanager
async def _remote_client(server: RemoteMcpServer) -> "AsyncIterator[Client]":
    from mcp import Client

    from agentarium.runtime.tools.mcp.http import GuardedTransport
    from agentarium.runtime.tools.mcp.streams import bounded_streams

    silence_sdk()
    guarded = GuardedTransport(server.http)
    async with guarded.client(server.headers) as client:
        transport = bounded_streams(server.url, client, max_tools=MAX_TOOLS)
        async with Client(transport, cache=None) as connected:
            skip_output_validation(connected)
            try:
                yield connected
            except asyncio.CancelledError:
                guarded.is_abandoned = True
                raise


@asynccontextmanager
async def _stdio_client(server: StdioMcpServer) -> "AsyncIterator[Client]":
    from mcp import Client, StdioServerParameters

    silence_sdk()
    parameters = StdioServerParameters(
        command=server.command,
        args=list(server.args),
        env=dict(server.env),
        cwd=server.cwd,
    )
    async with Client(parameters, cache=None) as connected:
        skip_output_validation(connected)
        yield connected
