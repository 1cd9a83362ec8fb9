"""Every tool of the reference server that shows all features of the protocol."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from agentarium.outbound.client import Outbound
from agentarium.outbound.policy import OutboundPolicy
from agentarium.runtime.tools.base import (
    OutcomeUnknownError,
    ToolError,
    ToolInvocation,
    ToolResult,
    ToolSpec,
)
from agentarium.runtime.tools.mcp.connection import McpConnection, list_mcp_tools
from agentarium.runtime.tools.mcp.endpoints import (
    McpEndpoint,
    RemoteMcpServer,
    StdioMcpServer,
)
from agentarium.runtime.tools.mcp.tool import McpTool
from agentarium.runtime.tools.schema import ArgumentsSchema
from agentarium.tests.eventually import eventually
from agentarium.tools.guarded_http import GuardedHttp

INSTALLED = Path(os.environ["AGENTARIUM_INTEGRATIONS"]) / "mcp_everything/node_modules"
PROGRAM = str(INSTALLED / "@modelcontextprotocol/server-everything/dist/index.js")
LOOPBACK = str(Path(__file__).with_name("loopback.cjs"))
NAMES = {
    "echo",
    "get-annotated-message",
    "get-env",
    "get-resource-links",
    "get-resource-reference",
    "get-structured-content",
    "get-sum",
    "get-tiny-image",
    "gzip-file-as-resource",
    "simulate-research-query",
    "toggle-simulated-logging",
    "toggle-subscriber-updates",
    "trigger-long-running-operation",
}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@asynccontextmanager
async def serving(kind: str, port: int) -> AsyncIterator[None]:
    """The server, with a transport over HTTP."""
    process = await asyncio.create_subprocess_exec(
        *("node", "--require", LOOPBACK, PROGRAM, kind),
        env={**os.environ, "PORT": str(port)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await eventually("the server", lambda: accepts(port))
        yield
    finally:
        process.terminate()
        await process.wait()


@pytest.fixture
async def http() -> AsyncIterator[GuardedHttp]:
    http = GuardedHttp(Outbound(OutboundPolicy.parse(["127.0.0.1"])))
    yield http
    await http.aclose()


@pytest.fixture(params=["stdio", "streamableHttp"])
async def endpoint(
    request: pytest.FixtureRequest, http: GuardedHttp
) -> AsyncIterator[McpEndpoint]:
    if request.param == "stdio":
        yield StdioMcpServer("node", [PROGRAM, "stdio"])
        return
    port = free_port()
    async with serving(request.param, port):
        yield RemoteMcpServer(f"http://127.0.0.1:{port}/mcp", http)


@pytest.fixture
async def connection(endpoint: McpEndpoint) -> AsyncIterator[McpConnection]:
    connection = McpConnection(endpoint)
    yield connection
    await connection.aclose()


async def call(
    connection: McpConnection,
    name: str,
    *,
    timeout: float = 30.0,
    progress_limit: float = 0.0,
    **arguments: Any,
) -> ToolResult:
    async with connection.session() as session:
        listed = session.find_tool(name)
        assert listed is not None
    spec = ToolSpec(
        name, "", listed.parameters, timeout=timeout, progress_limit=progress_limit
    )
    tool = McpTool(spec, name=name, connection=connection)
    return await tool.call(ToolInvocation("call_1", arguments, "key-1"))


async def test_lists_its_tools(endpoint: McpEndpoint) -> None:
    listed = await list_mcp_tools(endpoint)

    assert {tool.name for tool in listed.tools} == NAMES
    assert listed.omitted == []
    for tool in listed.tools:
        ArgumentsSchema(tool.parameters).require_usable(owner=0)


async def test_calls_tools_with_text(connection: McpConnection) -> None:
    echo = await call(connection, "echo", message="Grüße 🌍")
    total = await call(connection, "get-sum", a=2, b=3)
    environment = await call(connection, "get-env")
    message = await call(connection, "get-annotated-message", messageType="error")

    assert echo.text == "Echo: Grüße 🌍"
    assert "5" in total.text
    assert "PATH" in json.loads(environment.text)
    assert "Error" in message.text


async def test_calls_tools_with_other_content(connection: McpConnection) -> None:
    image = await call(connection, "get-tiny-image")
    annotated = await call(
        connection, "get-annotated-message", messageType="success", includeImage=True
    )
    structured = await call(connection, "get-structured-content", location="Chicago")
    links = await call(connection, "get-resource-links", count=2)
    reference = await call(
        connection, "get-resource-reference", resourceType="Text", resourceId=1
    )

    assert [each.media_type for each in image.images] == ["image/png"]
    assert "(image 1: image/png)" in image.text
    assert len(annotated.images) == 1
    assert "temperature" in json.loads(structured.text)
    assert links.text.count("demo://") == 2
    assert "Resource 1" in reference.text


async def test_progress_gives_a_call_more_time(connection: McpConnection) -> None:
    """The operation takes 6 seconds, and reports progress twice in each."""
    operation = {"duration": 6, "steps": 12}

    result = await call(
        connection,
        "trigger-long-running-operation",
        timeout=4.0,
        progress_limit=60.0,
        **operation,
    )
    with pytest.raises(OutcomeUnknownError):
        await call(
            connection, "trigger-long-running-operation", timeout=1.0, **operation
        )

    assert "completed" in result.text


async def test_errors_of_tools_are_told(connection: McpConnection) -> None:
    with pytest.raises(ToolError) as caught:
        await call(connection, "get-sum", a="two", b=3)

    assert not isinstance(caught.value, OutcomeUnknownError)
    assert await call(connection, "echo", message="after") == ToolResult("Echo: after")


async def test_what_a_client_must_ask_for_is_a_result_or_an_error(
    connection: McpConnection,
) -> None:
    """Logging, subscriptions, and a query that runs as a task of the protocol."""
    logging = await call(connection, "toggle-simulated-logging")
    updates = await call(connection, "toggle-subscriber-updates")

    with pytest.raises(ToolError):
        await call(connection, "simulate-research-query", topic="tea")

    assert "logging" in logging.text
    assert "updates" in updates.text


async def test_the_older_transport_is_named(http: GuardedHttp) -> None:
    port = free_port()
    async with serving("sse", port):
        with pytest.raises(ToolError, match="speaks the older HTTP"):
            await list_mcp_tools(RemoteMcpServer(f"http://127.0.0.1:{port}/sse", http))


async def test_a_server_that_restarts_gets_a_new_session(http: GuardedHttp) -> None:
    port = free_port()
    connection = McpConnection(RemoteMcpServer(f"http://127.0.0.1:{port}/mcp", http))

    async with serving("streamableHttp", port):
        before = await call(connection, "echo", message="one")
    async with serving("streamableHttp", port):
        tool = McpTool(ToolSpec("echo", ""), name="echo", connection=connection)
        after = await tool.call(ToolInvocation("call_2", {"message": "two"}, "key-2"))
        await connection.aclose()

    assert (before.text, after.text) == ("Echo: one", "Echo: two")
