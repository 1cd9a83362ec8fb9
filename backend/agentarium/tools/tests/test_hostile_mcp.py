"""MCP servers whose answers were made to take long."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp.client.session import ClientSession
from mcp.server.lowlevel import Server
from mcp_types import CallToolResult, ListToolsResult, TextContent
from mcp_types import Tool as ListedTool

from agentarium.outbound.client import Outbound
from agentarium.outbound.policy import OutboundPolicy
from agentarium.runtime.tools.base import (
    OutcomeUnknownError,
    ToolInvocation,
    ToolSpec,
)
from agentarium.runtime.tools.mcp import McpConnection, McpTool, RemoteMcpServer
from agentarium.tools.guarded_http import GuardedHttp
from bench.fake_tools.mcp_server import FakeMcpServer

# Python's own regular expressions take hours for it.
PATTERN = {"type": "object", "properties": {"a": {"pattern": "^(a+)+$"}}}


@pytest.fixture
async def http() -> AsyncIterator[GuardedHttp]:
    http = GuardedHttp(Outbound(OutboundPolicy.parse(["127.0.0.1"])))
    yield http
    await http.aclose()


def hostile(structured: Any) -> Server[Any]:
    async def list_tools(context: Any, params: Any) -> ListToolsResult:
        listed = ListedTool(
            name="odd", input_schema={"type": "object"}, output_schema=PATTERN
        )
        return ListToolsResult(tools=[listed])

    async def call_tool(context: Any, params: Any) -> CallToolResult:
        return CallToolResult(
            content=[TextContent(text="done")], structured_content=structured
        )

    return Server("hostile", on_list_tools=list_tools, on_call_tool=call_tool)


async def called(http: GuardedHttp, structured: Any) -> str:
    async with FakeMcpServer(server=hostile(structured)) as server:
        connection = McpConnection(RemoteMcpServer(server.url, http))
        tool = McpTool(ToolSpec("odd", ""), name="odd", connection=connection)
        try:
            return await tool.call(ToolInvocation("call_1", {}, "key-1"))
        finally:
            await connection.aclose()


async def test_does_not_match_a_result_against_the_patterns_of_its_server(
    http: GuardedHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ClientSession, "_output_schema_validator", pytest.fail)

    assert await called(http, {"a": "a" * 40 + "!"}) == "done"


async def test_does_not_parse_a_result_with_too_many_values(http: GuardedHttp) -> None:
    assert await called(http, {"a": [1] * 20_000}) == "done"
    with pytest.raises(OutcomeUnknownError):
        await called(http, {"a": [1] * 40_000})


async def test_reads_a_long_text(http: GuardedHttp) -> None:
    assert await called(http, {"a": 'x,[{"' * 400_000}) == "done"
