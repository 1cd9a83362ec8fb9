"""MCP servers whose answers were made to take long."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import orjson
import pytest
from mcp.client.session import ClientSession
from mcp.server.lowlevel import Server
from mcp_types import (
    CallToolResult,
    Icon,
    ListToolsResult,
    ResourceLink,
    TextContent,
    methods,
)
from mcp_types import Tool as ListedTool

from agentarium.outbound.client import Outbound
from agentarium.outbound.policy import OutboundPolicy
from agentarium.runtime.tools.base import (
    OutcomeUnknownError,
    ToolInvocation,
    ToolSpec,
)
from agentarium.runtime.tools.mcp.call_results import MAX_PARTS
from agentarium.runtime.tools.mcp.connection import McpConnection
from agentarium.runtime.tools.mcp.endpoints import RemoteMcpServer
from agentarium.runtime.tools.mcp.http import _Body, _bounded_pieces
from agentarium.runtime.tools.mcp.messages import SentMessage
from agentarium.runtime.tools.mcp.tool import McpTool
from agentarium.tools.guarded_http import GuardedHttp
from bench.chaos.hostile import pages
from bench.fake_tools.mcp_server import FakeMcpServer

# Python's own regular expressions take hours for it.
PATTERN = {"type": "object", "properties": {"a": {"pattern": "^(a+)+$"}}}


@pytest.fixture
async def http() -> AsyncIterator[GuardedHttp]:
    http = GuardedHttp(Outbound(OutboundPolicy.parse(["127.0.0.1"])))
    yield http
    await http.aclose()


def hostile(structured: Any, content: Any = ()) -> Server[Any]:
    async def list_tools(context: Any, params: Any) -> ListToolsResult:
        listed = ListedTool(
            name="odd", input_schema={"type": "object"}, output_schema=PATTERN
        )
        return ListToolsResult(tools=[listed])

    async def call_tool(context: Any, params: Any) -> CallToolResult:
        return CallToolResult(
            content=[TextContent(text="done"), *content],
            structured_content=structured,
        )

    return Server("hostile", on_list_tools=list_tools, on_call_tool=call_tool)


async def called(http: GuardedHttp, structured: Any, content: Any = ()) -> str:
    async with FakeMcpServer(server=hostile(structured, content)) as server:
        return await called_at(http, server.url, "odd")


async def called_at(http: GuardedHttp, url: str, name: str) -> str:
    connection = McpConnection(RemoteMcpServer(url, http))
    tool = McpTool(ToolSpec(name, ""), name=name, connection=connection)
    try:
        return (await tool.call(ToolInvocation("call_1", {}, "key-1"))).text
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


async def test_validates_the_first_parts_of_a_result(
    http: GuardedHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    validated: list[int] = []
    validate = methods.validate_server_result

    def count(method: str, version: str, data: Any) -> None:
        validated.append(len(data.get("content", ())))
        validate(method, version, data)

    monkeypatch.setattr(methods, "validate_server_result", count)

    text = await called(http, None, [TextContent(text="x")] * 5_000)

    assert max(validated) == MAX_PARTS + 1
    assert text.startswith("done\nx\nx\n")
    assert text.endswith("\n… (truncated: the result has 5,001 parts)")


async def test_validates_nothing_below_the_parts_of_a_result(
    http: GuardedHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    validated: list[int] = []
    validate = methods.validate_server_result

    def count(method: str, version: str, data: Any) -> None:
        validated.append(len(orjson.dumps(data)))
        validate(method, version, data)

    monkeypatch.setattr(methods, "validate_server_result", count)
    icons = [Icon(src="a:b")] * 2_500

    text = await called(http, None, [ResourceLink(name="n", uri="a:b", icons=icons)])

    assert text == "done\nn: a:b"
    assert max(validated) < 1_000


async def test_bounds_the_text_of_parts_that_are_not_known(
    http: GuardedHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"content": [{"type": "nope"}] * 5_000}
    monkeypatch.setattr(pages, "RESULTS", {"wrong": lambda: wrong})

    async with pages.HostileServer([]) as server:
        text = await called_at(http, f"{server.url}/mcp/results", "t0")

    assert text.startswith('{"type":"nope"}\n{"type":"nope"}\n')
    assert text.count("nope") == MAX_PARTS


class OneChunk:
    """A response that arrives in one chunk."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self._body


@pytest.mark.parametrize(
    ("kind", "body", "most"),
    [
        ("json", b"x" * 1_000_000, 1_000_000),
        ("events", b"x" * 1_000_000, 1_000_000),
        ("events", b"id:1\n" * 900_000, 1_000_000),
    ],
    ids=["long body", "long line", "many lines"],
)
async def test_gives_the_sdk_small_pieces_and_others_time_between(
    kind: str, body: bytes, most: int
) -> None:
    others = 0

    async def work() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(work())
    chunks: Any = OneChunk(body)
    stream: Any = _Body(_bounded_pieces(chunks), SentMessage(), AsyncExitStack())
    stream.kind = kind
    pieces = [len(piece) async for piece in stream]
    task.cancel()

    assert max(pieces) <= 10_000
    assert most - 10_000 < sum(pieces) <= most + len(b"\n\n")
    assert others >= len(pieces) - 1


def test_imports_the_sdk_on_a_thread() -> None:
    program = """
import asyncio, sys, threading

class Finder:
    threads = set()
    def find_spec(self, name, *_):
        if name.partition(".")[0] in ("mcp", "mcp_types"):
            self.threads.add(threading.current_thread())

sys.meta_path.insert(0, Finder())
from agentarium.runtime.tools.base import ToolError
from agentarium.runtime.tools.mcp.connection import list_mcp_tools
from agentarium.runtime.tools.mcp.endpoints import StdioMcpServer
assert not Finder.threads
try:
    asyncio.run(list_mcp_tools(StdioMcpServer("/none")))
except ToolError:
    pass
assert Finder.threads
assert threading.main_thread() not in Finder.threads
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)  # noqa: S603
