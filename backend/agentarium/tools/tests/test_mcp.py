"""MCP tools against a real server of the official SDK, in both eras of the protocol."""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agentarium.outbound.client import Outbound
from agentarium.outbound.policy import OutboundPolicy
from agentarium.runtime.tools.base import (
    OutcomeUnknownError,
    ToolError,
    ToolInvocation,
    ToolSpec,
)
from agentarium.runtime.tools.mcp import (
    McpConnection,
    McpEndpoint,
    McpTool,
    RemoteMcpServer,
    StdioMcpServer,
    list_mcp_tools,
)
from agentarium.tests.eventually import eventually
from agentarium.tools.guarded_http import GuardedHttp
from bench.fake_tools.mcp_server import Era, FakeMcpServer

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
async def http() -> AsyncIterator[GuardedHttp]:
    http = GuardedHttp(Outbound(OutboundPolicy.parse(["127.0.0.1"])))
    yield http
    await http.aclose()


@pytest.fixture(params=["modern", "legacy"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[FakeMcpServer]:
    era: Era = request.param
    async with FakeMcpServer(era) as server:
        yield server


def call(key: str = "key-1", **arguments: Any) -> ToolInvocation:
    return ToolInvocation("call_1", arguments, key)


def tool(connection: McpConnection, name: str, timeout: float = 10.0) -> McpTool:
    return McpTool(
        ToolSpec(name, "", timeout=timeout), name=name, connection=connection
    )


async def test_lists_tools_with_their_effects(
    server: FakeMcpServer, http: GuardedHttp
) -> None:
    tools = await list_mcp_tools(RemoteMcpServer(server.url, http))

    assert {tool.name: tool.effect for tool in tools} == {
        "add": "read",
        "put": "idempotent",
        "send.mail": "write",
        "wait": "write",
        "fail": "write",
        "picture": "write",
    }
    add = tools[0]
    assert add.description == "Add two numbers."
    assert add.parameters["required"] == ["a", "b"]


async def test_calls_a_tool_with_its_key(
    server: FakeMcpServer, http: GuardedHttp
) -> None:
    connection = McpConnection(RemoteMcpServer(server.url, http))

    result = await tool(connection, "add").call(call(a=2, b=3))
    await connection.aclose()

    assert result == "5"
    assert server.counts.keys == {"key-1": 1}


async def test_calls_share_one_connection(
    server: FakeMcpServer, http: GuardedHttp
) -> None:
    connection = McpConnection(RemoteMcpServer(server.url, http))
    add = tool(connection, "add")

    results = await asyncio.gather(
        *(add.call(call(f"key-{number}", a=number, b=1)) for number in range(10))
    )
    await connection.aclose()

    assert results == [str(number + 1) for number in range(10)]
    assert server.counts.calls == {"add": 10}
    beginnings = {"POST server/discover", "POST initialize"}
    assert len([it for it in server.methods if it in beginnings]) <= 2


async def test_leaves_nothing_open(server: FakeMcpServer, http: GuardedHttp) -> None:
    connection = McpConnection(RemoteMcpServer(server.url, http))
    await tool(connection, "add").call(call(a=1, b=1))

    await connection.aclose()

    await eventually("every request to end", lambda: server.open == 0)


async def test_sends_the_headers_with_each_request(http: GuardedHttp) -> None:
    async with FakeMcpServer(token="secret") as server:
        headers = {"Authorization": "Bearer secret"}

        tools = await list_mcp_tools(RemoteMcpServer(server.url, http, headers))

    assert len(tools) == 6
    assert {it["authorization"] for it in server.requests} == {"Bearer secret"}


async def test_says_that_a_server_lets_nobody_in(http: GuardedHttp) -> None:
    async with FakeMcpServer(token="secret") as server:
        with pytest.raises(ToolError) as failed:
            await list_mcp_tools(RemoteMcpServer(server.url, http))

    assert "401" in str(failed.value)
    assert not isinstance(failed.value, OutcomeUnknownError)


async def test_tells_the_error_of_a_tool(
    server: FakeMcpServer, http: GuardedHttp
) -> None:
    connection = McpConnection(RemoteMcpServer(server.url, http))

    with pytest.raises(ToolError) as failed:
        await tool(connection, "fail").call(call())
    after = await tool(connection, "add").call(call(a=1, b=1))
    await connection.aclose()

    assert not isinstance(failed.value, OutcomeUnknownError)
    assert after == "2"


async def test_tells_that_there_is_no_such_tool(
    server: FakeMcpServer, http: GuardedHttp
) -> None:
    connection = McpConnection(RemoteMcpServer(server.url, http))

    with pytest.raises(ToolError):
        await tool(connection, "nothing").call(call())
    await connection.aclose()


async def test_gives_structured_results_as_text(
    server: FakeMcpServer, http: GuardedHttp
) -> None:
    connection = McpConnection(RemoteMcpServer(server.url, http))

    stored = await tool(connection, "put").call(call(name="x"))
    picture = await tool(connection, "picture").call(call())
    await connection.aclose()

    assert '"stored"' in stored
    assert picture == "(image, which cannot be shown as text)"


async def test_a_cancelled_call_closes_its_connection(
    server: FakeMcpServer, http: GuardedHttp
) -> None:
    connection = McpConnection(RemoteMcpServer(server.url, http))
    calling = asyncio.create_task(tool(connection, "wait").call(call()))
    await asyncio.wait_for(server.counts.began.wait(), 10)

    calling.cancel()
    await asyncio.wait([calling])

    await eventually("every request to end", lambda: server.open == 0)
    assert calling.cancelled()
    await connection.aclose()


async def test_the_outcome_of_a_call_that_took_too_long_is_unknown(
    server: FakeMcpServer, http: GuardedHttp
) -> None:
    connection = McpConnection(RemoteMcpServer(server.url, http))

    await tool(connection, "add").call(call(a=1, b=1))

    with pytest.raises(OutcomeUnknownError):
        await tool(connection, "wait", timeout=1.0).call(call())
    after = await tool(connection, "add").call(call(a=1, b=1))
    await connection.aclose()

    assert after == "2"


async def test_the_outcome_is_unknown_if_the_server_goes_away(
    http: GuardedHttp,
) -> None:
    async with FakeMcpServer() as server:
        connection = McpConnection(RemoteMcpServer(server.url, http))
        calling = asyncio.create_task(tool(connection, "wait").call(call()))
        await asyncio.wait_for(server.counts.began.wait(), 10)

    with pytest.raises(OutcomeUnknownError):
        await calling
    with pytest.raises(ToolError) as failed:
        await tool(connection, "add").call(call(a=1, b=1))
    assert not isinstance(failed.value, OutcomeUnknownError)
    await connection.aclose()


async def test_refuses_a_server_inside_the_house() -> None:
    http = GuardedHttp(Outbound(OutboundPolicy()))
    async with FakeMcpServer() as server:
        with pytest.raises(ToolError) as failed:
            await list_mcp_tools(RemoteMcpServer(server.url, http))
    await http.aclose()

    assert "AGENTARIUM_OUTBOUND_ALLOW" in str(failed.value)
    assert not server.requests


async def test_says_that_a_server_does_not_speak_the_protocol(
    http: GuardedHttp,
) -> None:
    async with FakeMcpServer() as server:
        elsewhere = server.url.replace("/mcp", "/nothing")
        with pytest.raises(ToolError):
            await list_mcp_tools(RemoteMcpServer(elsewhere, http))


class TestLocal:
    @pytest.fixture
    def program(self) -> StdioMcpServer:
        return StdioMcpServer(
            sys.executable, ["-m", "bench.fake_tools.mcp_server"], cwd=str(ROOT)
        )

    async def test_lists_and_calls_the_tools_of_a_program(
        self, program: StdioMcpServer
    ) -> None:
        connection = McpConnection(program)

        tools = await list_mcp_tools(program)
        result = await tool(connection, "add", timeout=60).call(call(a=2, b=3))
        await connection.aclose()

        assert len(tools) == 6
        assert result == "5"

    @pytest.mark.parametrize(
        "change", [{"command": "/no/such/program"}, {"args": ["-c", "pass"]}]
    )
    async def test_says_that_a_program_does_not_start(
        self, program: StdioMcpServer, change: dict[str, Any]
    ) -> None:
        server: McpEndpoint = replace(program, **change)

        with pytest.raises(ToolError):
            await list_mcp_tools(server)
