"""MCP servers that answer in other ways than the protocol says."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from mcp.server.mcpserver import Context

from agentarium.outbound.client import Outbound
from agentarium.outbound.policy import OutboundPolicy
from agentarium.runtime.messages import ImagePart
from agentarium.runtime.tools.base import (
    OutcomeUnknownError,
    ToolError,
    ToolInvocation,
    ToolResult,
    ToolSpec,
)
from agentarium.runtime.tools.mcp.connection import (
    ConnectionObserver,
    McpConnection,
    list_mcp_tools,
)
from agentarium.runtime.tools.mcp.endpoints import RemoteMcpServer
from agentarium.runtime.tools.mcp.tool import McpTool, ProgressLimit
from agentarium.runtime.tools.mcp.tool_info import McpToolList
from agentarium.tests.eventually import eventually
from agentarium.tools.guarded_http import GuardedHttp
from bench.fake_tools.mcp_server import FakeMcpServer
from bench.fake_tools.scripted_mcp import (
    LOOKUP,
    Json,
    ScriptedMcpServer,
    event,
    respond,
    stream,
)

FOUND = {"content": [{"type": "text", "text": "found"}]}


@pytest.fixture
async def http() -> AsyncIterator[GuardedHttp]:
    http = GuardedHttp(Outbound(OutboundPolicy.parse(["127.0.0.1"])))
    yield http
    await http.aclose()


@pytest.fixture
async def server() -> AsyncIterator[ScriptedMcpServer]:
    async with ScriptedMcpServer() as server:
        yield server


@pytest.fixture
async def connection(
    server: ScriptedMcpServer, http: GuardedHttp
) -> AsyncIterator[McpConnection]:
    connection = McpConnection(RemoteMcpServer(server.url, http))
    yield connection
    await connection.aclose()


@pytest.fixture
def lookup(connection: McpConnection) -> McpTool:
    spec = ToolSpec("lookup", "", LOOKUP["inputSchema"], timeout=10.0)
    return McpTool(spec, name="lookup", connection=connection)


async def call(tool: McpTool, key: str = "key-1") -> str:
    return (await tool.call(ToolInvocation("call_1", {"q": "a"}, key))).text


async def listed(server: ScriptedMcpServer, http: GuardedHttp) -> McpToolList:
    return await list_mcp_tools(RemoteMcpServer(server.url, http))


def error_body(code: int, text: str = "Session not found", **message: Any) -> bytes:
    error = {"code": code, "message": text}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "error": error, **message}).encode()


class TestLostSession:
    """The server has forgotten the session, and says so before it takes a call."""

    LOST = [
        pytest.param(404, error_body(-32600), id="invalid request"),
        pytest.param(404, error_body(-32000), id="code of a closed connection"),
        pytest.param(404, error_body(-32001), id="code of a timeout"),
        pytest.param(404, error_body(-32603, id=None), id="internal error"),
        pytest.param(404, b"Not Found", id="no protocol error"),
        pytest.param(404, b"", id="no body"),
        pytest.param(
            400, error_body(-32000, "Bad Request: No valid session"), id="400"
        ),
    ]

    @pytest.mark.parametrize(("status", "body"), LOST)
    async def test_makes_the_call_in_a_new_session(
        self, server: ScriptedMcpServer, lookup: McpTool, status: int, body: bytes
    ) -> None:
        await call(lookup)
        server.sessions.clear()
        server.answers["tools/call"] = refuse_unknown_sessions(server, status, body)

        result = await call(lookup, "key-2")

        assert result == "found"
        keys = [made["_meta"]["agentarium/idempotency-key"] for made in server.calls]
        assert keys == ["key-1", "key-2"]
        assert server.received.count("tools/call") == 3

    async def test_tries_a_new_session_once(
        self, server: ScriptedMcpServer, lookup: McpTool
    ) -> None:
        async def refuse(request: web.Request, message: Json) -> web.Response:
            return web.Response(
                status=404, body=error_body(-32001, "Never heard of it")
            )

        server.answers["tools/call"] = refuse

        with pytest.raises(ToolError, match="Never heard of it") as caught:
            await call(lookup)

        assert not isinstance(caught.value, OutcomeUnknownError)
        assert server.received.count("tools/call") == 2
        assert server.calls == []

    async def test_opens_a_session_again_that_was_lost_before_the_list(
        self, server: ScriptedMcpServer, lookup: McpTool
    ) -> None:
        lists = 0

        async def forget_once(request: web.Request, message: Json) -> web.Response:
            nonlocal lists
            lists += 1
            if lists == 1:
                server.sessions.clear()
            return await server.answer(request, message)

        server.answers["tools/list"] = forget_once

        assert await call(lookup) == "found"
        assert lists == 2

    async def test_a_call_that_was_answered_is_not_made_again(
        self, server: ScriptedMcpServer, lookup: McpTool
    ) -> None:
        async def answer_and_forget(
            request: web.Request, message: Json
        ) -> web.Response:
            response = await server.answer(request, message)
            server.sessions.clear()
            return response

        server.answers["tools/call"] = answer_and_forget

        assert await call(lookup) == "found"
        assert len(server.calls) == 1
        assert server.received[-1] == "tools/call"

    async def test_a_refusal_is_not_a_lost_connection(
        self, server: ScriptedMcpServer, lookup: McpTool
    ) -> None:
        async def refuse(request: web.Request, message: Json) -> web.Response:
            return web.json_response(
                body=error_body(-32001, "Too busy", id=message["id"]), status=429
            )

        server.answers["tools/call"] = refuse

        with pytest.raises(ToolError, match="Too busy") as caught:
            await call(lookup)

        assert not isinstance(caught.value, OutcomeUnknownError)

    @pytest.mark.parametrize(
        "response",
        [
            pytest.param((502, b'{"error": "Bad gateway"}'), id="error of a proxy"),
            pytest.param((202, b""), id="accepted without a response"),
            pytest.param((200, b"<html>Hello</html>"), id="page"),
            pytest.param((200, b""), id="nothing"),
            pytest.param((200, b'{"jsonrpc": "2.0", "id": 4, "resu'), id="half"),
        ],
    )
    async def test_the_outcome_is_unknown_without_an_answer(
        self,
        server: ScriptedMcpServer,
        lookup: McpTool,
        response: tuple[int, bytes],
    ) -> None:
        status, body = response

        async def answer(request: web.Request, message: Json) -> web.Response:
            return web.json_response(body=body, status=status)

        server.answers["tools/call"] = answer

        with pytest.raises(OutcomeUnknownError):
            await call(lookup)

        assert server.received.count("tools/call") == 1


def refuse_unknown_sessions(
    server: ScriptedMcpServer, status: int, body: bytes
) -> Callable[..., Any]:
    async def answer(request: web.Request, message: Json) -> web.Response:
        if request.headers["Mcp-Session-Id"] in server.sessions:
            return await server.answer(request, message)
        return web.json_response(body=body, status=status)

    return answer


class TestResults:
    @pytest.mark.parametrize(
        ("result", "text"),
        [
            pytest.param({"content": "found"}, "found", id="text"),
            pytest.param({"content": ["a", "b"]}, "a\nb", id="texts"),
            pytest.param({"content": FOUND["content"][0]}, "found", id="one block"),
            pytest.param("found", "found", id="result is a text"),
            pytest.param([{"type": "text", "text": "a"}], "a", id="result is a list"),
            pytest.param(None, "The tool returned no content.", id="null"),
            pytest.param({}, "The tool returned no content.", id="empty"),
            pytest.param({"content": None}, "The tool returned no content.", id="none"),
            pytest.param({"structuredContent": {"n": 3}}, '{"n":3}', id="structured"),
            pytest.param(
                {"content": [], "structuredContent": [1, 2]}, "[1,2]", id="a list"
            ),
            pytest.param({"toolResult": {"n": 3}}, '{"toolResult":{"n":3}}', id="old"),
            pytest.param(
                {"content": [{"type": "chart", "points": [1, 2]}]},
                '{"type":"chart","points":[1,2]}',
                id="unknown block",
            ),
            pytest.param(
                {"content": [{"type": "text", "text": None}, {"text": 7}, 5]},
                '{"type":"text","text":null}\n{"text":7}\n5',
                id="malformed blocks",
            ),
            pytest.param(
                {
                    "content": [
                        {"type": "audio", "data": "AAAA", "mimeType": "audio/wav"}
                    ]
                },
                "(audio, audio/wav, which cannot be shown as text)",
                id="audio",
            ),
            pytest.param(
                {"content": [{"type": "resource", "resource": {"blob": "AAAA"}}]},
                "(resource, which cannot be shown as text)",
                id="resource",
            ),
            pytest.param(
                {**FOUND, "_meta": 3, "isError": None, "resultType": 1},
                "found",
                id="malformed fields",
            ),
        ],
    )
    async def test_the_model_gets_what_can_be_understood(
        self, server: ScriptedMcpServer, lookup: McpTool, result: Any, text: str
    ) -> None:
        server.result = result

        assert await call(lookup) == text
        assert len(server.calls) == 1

    async def test_a_result_need_not_match_the_schema_of_results(
        self, server: ScriptedMcpServer, lookup: McpTool
    ) -> None:
        schema = {"type": "object", "required": ["n"]}
        server.pages[None] = {"tools": [{**LOOKUP, "outputSchema": schema}]}

        assert await call(lookup) == "found"

    @pytest.mark.parametrize("flag", [True, "true", 1])
    async def test_an_error_of_the_tool_is_an_error(
        self, server: ScriptedMcpServer, lookup: McpTool, flag: Any
    ) -> None:
        server.result = {"content": "no such row", "isError": flag}

        with pytest.raises(ToolError, match="no such row") as caught:
            await call(lookup)

        assert not isinstance(caught.value, OutcomeUnknownError)


PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(61)).decode()


def image(data: str, media_type: str = "image/png") -> Json:
    return {"type": "image", "data": data, "mimeType": media_type}


class TestImages:
    async def result(
        self, server: ScriptedMcpServer, lookup: McpTool, *content: Json
    ) -> ToolResult:
        server.result = {"content": content}
        return await lookup.call(ToolInvocation("call_1", {"q": "a"}, "key-1"))

    async def test_are_kept_and_named(
        self, server: ScriptedMcpServer, lookup: McpTool
    ) -> None:
        jpeg = base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(60)).decode()
        resource = {"uri": "a:b", "mimeType": "image/png", "blob": PNG}

        result = await self.result(
            server,
            lookup,
            {"type": "text", "text": "Two:"},
            # It is a JPEG.
            image(jpeg, "image/png"),
            {"type": "resource", "resource": resource},
        )

        assert result.text == "Two:\n(image 1: image/jpeg)\n(image 2: image/png)"
        assert result.images == (
            ImagePart("image/jpeg", jpeg),
            ImagePart("image/png", PNG),
        )

    @pytest.mark.parametrize(
        "data",
        [
            f"data:image/png;base64,{PNG}",
            "\n".join(PNG),
            base64.b64encode(base64.b64decode(PNG) + b"x").decode().rstrip("="),
        ],
        ids=["data URL", "lines", "without padding"],
    )
    async def test_are_read_in_other_forms_of_base64(
        self, server: ScriptedMcpServer, lookup: McpTool, data: str
    ) -> None:
        result = await self.result(server, lookup, image(data))

        assert result.images[0].data.startswith(PNG)

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            pytest.param("%%%", "not in base64", id="not base64"),
            pytest.param("", "models see PNG", id="empty"),
            pytest.param("PHN2Zz4=", "models see PNG", id="SVG"),
            pytest.param(PNG + "AAAA" * 300_000, "too large", id="large"),
        ],
    )
    async def test_that_models_cannot_see_are_named(
        self, server: ScriptedMcpServer, lookup: McpTool, data: str, reason: str
    ) -> None:
        result = await self.result(server, lookup, image(data, "image/x"))

        assert result.text.startswith("(image, image/x, which cannot be shown: ")
        assert reason in result.text
        assert result.images == ()

    async def test_are_limited_in_number(
        self, server: ScriptedMcpServer, lookup: McpTool
    ) -> None:
        result = await self.result(server, lookup, *[image(PNG)] * 6)

        assert len(result.images) == 4
        assert result.text.count("too many images") == 2

    async def test_are_limited_in_size(
        self, server: ScriptedMcpServer, lookup: McpTool
    ) -> None:
        large = base64.b64encode(base64.b64decode(PNG) + bytes(600_000)).decode()

        result = await self.result(server, lookup, image(large), image(large))

        assert len(result.images) == 1


class TestMessages:
    @pytest.mark.parametrize(
        ("body", "text"),
        [
            pytest.param(b"\xef\xbb\xbf%s", "found", id="byte order mark"),
            pytest.param(b"[%s]", "found", id="batch"),
            pytest.param(b"\n  %s\n", "found", id="white space"),
        ],
    )
    @pytest.mark.parametrize("label", ["application/json", "text/plain", ""])
    async def test_the_body_is_read_whatever_its_label(
        self,
        server: ScriptedMcpServer,
        lookup: McpTool,
        body: bytes,
        text: str,
        label: str,
    ) -> None:
        async def answer(request: web.Request, message: Json) -> web.Response:
            whole = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": FOUND})
            return web.Response(
                body=body % whole.encode(), headers={"Content-Type": label}
            )

        server.answers["tools/call"] = answer

        assert await call(lookup) == text

    @pytest.mark.parametrize(
        ("text", "read"),
        [
            pytest.param(rb"a\ud83d", "a\ufffd", id="half a character"),
            pytest.param(rb"\ude00a", "\ufffda", id="other half"),
            pytest.param(rb"\ud83d\ude00", "\U0001f600", id="both halves"),
            pytest.param(b"a\xff", "a\ufffd", id="not UTF-8"),
        ],
    )
    async def test_characters_that_do_not_exist_are_replaced(
        self, server: ScriptedMcpServer, lookup: McpTool, text: bytes, read: str
    ) -> None:
        async def answer(request: web.Request, message: Json) -> web.Response:
            body = (
                b'{"jsonrpc":"2.0","id":%d,"result":{"content":[{"type":"text","text":"'
                % message["id"]
            )
            return web.json_response(body=body + text + b'"}]}}')

        server.answers["tools/call"] = answer

        assert await call(lookup) == read

    @pytest.mark.parametrize(
        "change",
        [{"id": "1"}, {"id": None}, {"jsonrpc": None}, {"error": None}, {"extra": 1}],
    )
    async def test_the_response_to_a_request_is_its_answer(
        self, server: ScriptedMcpServer, lookup: McpTool, change: Json
    ) -> None:
        async def answer(request: web.Request, message: Json) -> web.Response:
            whole = {"jsonrpc": "2.0", "id": message["id"], "result": FOUND}
            return web.json_response({**whole, **change})

        server.answers["tools/call"] = answer

        assert await call(lookup) == "found"

    @pytest.mark.parametrize(
        "noise",
        [
            b": ping\n\n",
            b"data: ping\n\n",
            b"data:\n\n",
            b"data: {}\n\n",
            b'data: {"method": "notifications/nonsense"}\n\n',
            b"\xef\xbb\xbf",
            b"retry: 5\nid: 1\n\n",
        ],
    )
    @pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
    async def test_events_that_are_no_messages_are_skipped(
        self, server: ScriptedMcpServer, lookup: McpTool, noise: bytes, line_end: bytes
    ) -> None:
        async def answer(request: web.Request, message: Json) -> web.StreamResponse:
            whole = {"jsonrpc": "2.0", "id": message["id"], "result": FOUND}
            events = (noise + event(whole)).replace(b"\n", line_end)
            return await stream(request, *(bytes([byte]) for byte in events))

        server.answers["tools/call"] = answer

        assert await call(lookup) == "found"

    async def test_an_error_without_the_form_of_one_is_an_error(
        self, server: ScriptedMcpServer, lookup: McpTool
    ) -> None:
        async def answer(request: web.Request, message: Json) -> web.Response:
            return web.json_response({"id": message["id"], "error": "no such row"})

        server.answers["tools/call"] = answer

        with pytest.raises(ToolError, match="no such row"):
            await call(lookup)


GOOD = {"type": "object", "properties": {}}


class TestLists:
    @pytest.mark.parametrize(
        ("schema", "parameters"),
        [
            pytest.param(None, GOOD, id="null"),
            pytest.param({}, {"type": "object"}, id="empty"),
            pytest.param(
                {"$schema": "http://json-schema.org/draft-07/schema#"},
                {"type": "object"},
                id="draft alone",
            ),
            pytest.param(
                {"anyOf": [GOOD]},
                {"anyOf": [GOOD], "type": "object"},
                id="alternatives",
            ),
            pytest.param(
                {"type": ["object", "null"]}, {"type": "object"}, id="or null"
            ),
            pytest.param(
                {"type": "object", "properties": None, "required": None},
                {"type": "object"},
                id="null keywords",
            ),
            pytest.param(
                {
                    "type": "object",
                    "properties": {
                        "n": {"minimum": 0, "exclusiveMinimum": True, "default": None},
                        "exclusiveMaximum": {"maximum": 1, "exclusiveMaximum": False},
                        "pair": {"items": [{}, {}], "additionalItems": False},
                    },
                },
                {
                    "type": "object",
                    "properties": {
                        "n": {"exclusiveMinimum": 0, "default": None},
                        "exclusiveMaximum": {"maximum": 1},
                        "pair": {"prefixItems": [{}, {}], "items": False},
                    },
                },
                id="earlier drafts",
            ),
        ],
    )
    async def test_schemas_of_one_meaning_are_read(
        self,
        server: ScriptedMcpServer,
        http: GuardedHttp,
        schema: Any,
        parameters: Json,
    ) -> None:
        server.pages[None] = {"tools": [{"name": "a", "inputSchema": schema}]}

        tools = (await listed(server, http)).tools

        assert [tool.parameters for tool in tools] == [parameters]

    @pytest.mark.parametrize(
        ("tool", "name"),
        [
            pytest.param({"name": "bad", "inputSchema": {"type": "string"}}, "bad"),
            pytest.param({"name": "bad", "inputSchema": "object"}, "bad"),
            pytest.param({"name": "bad", "inputSchema": {"properties": []}}, "bad"),
            pytest.param({"name": "bad", "inputSchema": {"required": [1]}}, "bad"),
            pytest.param({"inputSchema": GOOD}, "tool 2"),
            pytest.param({"name": 5, "inputSchema": GOOD}, "tool 2"),
            pytest.param("bad", "tool 2"),
            pytest.param({"name": "lookup", "inputSchema": GOOD}, "lookup"),
        ],
    )
    async def test_a_tool_that_cannot_be_used_is_named(
        self, server: ScriptedMcpServer, http: GuardedHttp, tool: Any, name: str
    ) -> None:
        server.pages[None] = {"tools": [LOOKUP, tool]}

        list_ = await listed(server, http)

        assert [each.name for each in list_.tools] == ["lookup"]
        assert [each.name for each in list_.omitted] == [name]
        assert list_.omitted[0].reason.endswith(".")

    @pytest.mark.parametrize(
        "change",
        [
            {"description": None, "annotations": None, "title": 5},
            {"description": 5, "icons": "x", "_meta": 7, "execution": []},
            {"outputSchema": {"type": "string"}},
            {"outputSchema": 5, "annotations": {"readOnlyHint": "yes"}},
        ],
    )
    async def test_other_fields_do_not_matter(
        self, server: ScriptedMcpServer, http: GuardedHttp, change: Json
    ) -> None:
        server.pages[None] = {"tools": [{**LOOKUP, **change}], "_meta": 5, "ttlMs": "x"}

        list_ = await listed(server, http)

        assert [tool.suggested_effect for tool in list_.tools] == ["write"]
        assert list_.omitted == []

    @pytest.mark.parametrize("result", [None, {}, {"tools": None}, []])
    async def test_a_server_may_have_no_tools(
        self, server: ScriptedMcpServer, http: GuardedHttp, result: Any
    ) -> None:
        server.pages[None] = result

        assert await listed(server, http) == McpToolList([], [])

    async def test_the_list_may_be_the_result(
        self, server: ScriptedMcpServer, http: GuardedHttp
    ) -> None:
        server.pages[None] = [LOOKUP]

        assert len((await listed(server, http)).tools) == 1

    async def test_a_list_that_is_none_is_an_error(
        self, server: ScriptedMcpServer, http: GuardedHttp
    ) -> None:
        server.pages[None] = {"tools": "lookup"}

        with pytest.raises(ToolError, match="not a list"):
            await listed(server, http)

    async def test_names_that_there_are_too_many_tools(
        self, server: ScriptedMcpServer, http: GuardedHttp
    ) -> None:
        server.pages[None] = {
            "tools": [{"name": f"t{number}"} for number in range(201)]
        }

        list_ = await listed(server, http)

        assert len(list_.tools) == 200
        assert [each.name for each in list_.omitted] == ["further tools"]


class TestPages:
    async def test_all_pages_are_read(
        self, server: ScriptedMcpServer, http: GuardedHttp
    ) -> None:
        server.pages = {
            None: {"tools": [{"name": "a"}], "nextCursor": 1},
            "1": {"tools": [], "nextCursor": "2"},
            "2": {"tools": [{"name": "b"}], "nextCursor": ""},
        }

        assert [tool.name for tool in (await listed(server, http)).tools] == ["a", "b"]

    @pytest.mark.parametrize("next_cursor", ["x", "y"])
    async def test_pages_that_repeat_end(
        self, server: ScriptedMcpServer, http: GuardedHttp, next_cursor: str
    ) -> None:
        """The cursor stays where it is, or moves between the same pages."""
        page = {"tools": [LOOKUP]}
        server.pages = {
            None: {**page, "nextCursor": "x"},
            "x": {**page, "nextCursor": next_cursor},
            "y": {**page, "nextCursor": "x"},
        }

        list_ = await listed(server, http)

        assert [tool.name for tool in list_.tools] == ["lookup"]
        assert list_.omitted == []
        assert server.received.count("tools/list") == 2

    async def test_cursors_that_repeat_between_empty_pages_end(
        self, server: ScriptedMcpServer, http: GuardedHttp
    ) -> None:
        server.pages = {
            None: {"tools": [LOOKUP], "nextCursor": "x"},
            "x": {"tools": [], "nextCursor": "y"},
            "y": {"tools": [], "nextCursor": "x"},
        }

        await listed(server, http)

        assert server.received.count("tools/list") == 3


class TestHandshake:
    @pytest.mark.parametrize(
        "handshake",
        [
            {"protocolVersion": "2024-11-05"},
            {"protocolVersion": "2025-03-26", "capabilities": None, "serverInfo": "x"},
            {"protocolVersion": "2025-11-25", "instructions": 5, "_meta": []},
        ],
    )
    async def test_only_the_version_matters(
        self, server: ScriptedMcpServer, http: GuardedHttp, handshake: Json
    ) -> None:
        server.handshake = handshake

        assert len((await listed(server, http)).tools) == 1

    async def test_names_a_version_that_is_not_supported(
        self, server: ScriptedMcpServer, http: GuardedHttp
    ) -> None:
        server.handshake["protocolVersion"] = "1999-01-01"

        with pytest.raises(ToolError, match="1999-01-01"):
            await listed(server, http)


class TestRefusedConnections:
    """What is wrong is one sentence."""

    async def refused(
        self, server: ScriptedMcpServer, http: GuardedHttp, **headers: str
    ) -> str:
        with pytest.raises(ToolError) as caught:
            await list_mcp_tools(RemoteMcpServer(server.url, http, headers))
        assert not isinstance(caught.value, OutcomeUnknownError)
        return str(caught.value)

    def refuse(self, server: ScriptedMcpServer, status: int, **headers: str) -> None:
        async def answer(request: web.Request, message: Json) -> web.Response:
            return web.Response(status=status, headers=headers)

        for method in ("initialize", "server/discover"):
            server.answers[method] = answer

    async def test_the_older_transport(
        self, server: ScriptedMcpServer, http: GuardedHttp
    ) -> None:
        async def open_stream(request: web.Request, _: Json) -> web.StreamResponse:
            return await stream(request, b"event: endpoint\ndata: /messages?id=1\n\n")

        self.refuse(server, 404)
        server.answers["GET"] = open_stream

        text = await self.refused(server, http)

        assert "speaks the older HTTP+SSE transport" in text

    async def test_a_server_that_takes_no_posts(
        self, server: ScriptedMcpServer, http: GuardedHttp
    ) -> None:
        self.refuse(server, 405)

        assert "older HTTP+SSE transport" in await self.refused(server, http)

    async def test_an_address_without_a_server(
        self, server: ScriptedMcpServer, http: GuardedHttp
    ) -> None:
        self.refuse(server, 404)

        text = await self.refused(server, http)

        assert text.startswith("There is no MCP server at this address (HTTP 404")

    async def test_authorization_with_oauth(
        self, server: ScriptedMcpServer, http: GuardedHttp
    ) -> None:
        self.refuse(
            server, 401, **{"WWW-Authenticate": 'Bearer resource_metadata="https://x"'}
        )

        without = await self.refused(server, http)
        with_token = await self.refused(server, http, Authorization="Bearer old-token")

        assert "wants to be authorized with OAuth" in without
        assert "does not accept the Authorization header" in with_token

    async def test_a_wrong_key(
        self, server: ScriptedMcpServer, http: GuardedHttp
    ) -> None:
        self.refuse(server, 403)

        assert "denies access (HTTP 403" in await self.refused(server, http)

    async def test_a_web_site(
        self, server: ScriptedMcpServer, http: GuardedHttp
    ) -> None:
        async def answer(request: web.Request, message: Json) -> web.Response:
            return web.Response(text="<html>Hello</html>", content_type="text/html")

        for method in ("initialize", "server/discover"):
            server.answers[method] = answer

        assert "is not a message of the protocol" in await self.refused(server, http)

    async def test_is_reported_to_the_observer(
        self, server: ScriptedMcpServer, http: GuardedHttp
    ) -> None:
        self.refuse(server, 403)
        failures: list[str] = []
        observer = ConnectionObserver(on_failed=failures.append)
        connection = McpConnection(RemoteMcpServer(server.url, http), observer=observer)
        spec = ToolSpec("lookup", "", LOOKUP["inputSchema"])

        with pytest.raises(ToolError):
            await call(McpTool(spec, name="lookup", connection=connection))
        await connection.aclose()

        assert len(failures) == 1
        assert "denies access" in failures[0]


class TestProgress:
    """A call whose server goes on reporting progress may take longer."""

    @pytest.fixture
    def reported(self, server: ScriptedMcpServer) -> asyncio.Event:
        """Set it, and the server answers the call. It reports progress until then."""
        is_done = asyncio.Event()

        async def answer(request: web.Request, message: Json) -> Any:
            token = message["params"]["_meta"]["progressToken"]
            progress = {"progressToken": token, "progress": 1}
            note = {
                "jsonrpc": "2.0",
                "method": "notifications/progress",
                "params": progress,
            }
            response = await stream(request)
            while not is_done.is_set():
                progress["progress"] += 1
                await response.write(event(note))
                await asyncio.sleep(0.02)
            answer = {"jsonrpc": "2.0", "id": message["id"], "result": FOUND}
            await response.write(event(answer))
            return response

        server.answers["tools/call"] = answer
        return is_done

    def tool(self, connection: McpConnection, timeout: float, limit: float) -> McpTool:
        spec = ToolSpec(
            "lookup",
            "",
            LOOKUP["inputSchema"],
            timeout=timeout,
            progress_limit=limit,
        )
        return McpTool(spec, name="lookup", connection=connection)

    async def test_extends_the_call(
        self,
        connection: McpConnection,
        reported: asyncio.Event,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        extended: list[float] = []
        extend = ProgressLimit.extend

        async def record(limit: ProgressLimit, *report: Any) -> None:
            await extend(limit, *report)
            extended.append(report[0])
            if len(extended) == 3:
                reported.set()

        monkeypatch.setattr(ProgressLimit, "extend", record)

        assert await call(self.tool(connection, timeout=60.0, limit=90.0)) == "found"
        assert extended[:3] == sorted(extended[:3])

    @pytest.mark.parametrize(("at_most", "seconds"), [(900, 600), (90, 90)])
    async def test_extends_a_limit_up_to_that_of_the_operator(
        self, at_most: float, seconds: float
    ) -> None:
        now = asyncio.get_running_loop().time()
        async with asyncio.timeout(30) as limit:
            progress = ProgressLimit(limit, seconds=600, at_most=at_most)
            await progress.extend(1, None, None)
            after = limit.when()
        await progress.extend(2, None, None)

        assert after is not None
        assert now + seconds <= after <= now + seconds + 30

    async def test_may_not_take_longer_than_the_operator_allows(
        self, connection: McpConnection, reported: asyncio.Event
    ) -> None:
        with pytest.raises(OutcomeUnknownError, match="too long"):
            await call(self.tool(connection, timeout=0.5, limit=1.0))

    async def test_changes_nothing_if_the_operator_says_so(
        self, connection: McpConnection, reported: asyncio.Event
    ) -> None:
        with pytest.raises(OutcomeUnknownError, match="too long"):
            await call(self.tool(connection, timeout=0.5, limit=0.0))


class TestChangedLists:
    """The server says during a session that its tools have changed."""

    CHANGED = {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}

    async def test_the_tools_are_listed_again(
        self, server: ScriptedMcpServer, http: GuardedHttp
    ) -> None:
        async def change_tools(request: web.Request, message: Json) -> Any:
            server.pages[None] = {"tools": [LOOKUP, {"name": "new"}]}
            answer = {"jsonrpc": "2.0", "id": message["id"], "result": FOUND}
            return await stream(request, event(self.CHANGED), event(answer))

        server.answers["tools/call"] = change_tools
        lists: list[McpToolList] = []
        connection = McpConnection(
            RemoteMcpServer(server.url, http),
            observer=ConnectionObserver(on_listed=lists.append),
        )
        spec = ToolSpec("lookup", "", LOOKUP["inputSchema"])

        await call(McpTool(spec, name="lookup", connection=connection))
        await eventually("the new list", lambda: len(lists) == 2)
        new = McpTool(ToolSpec("new", "", GOOD), name="new", connection=connection)
        result = await call(new)
        await connection.aclose()

        assert [tool.name for tool in lists[1].tools] == ["lookup", "new"]
        assert result == "found"
        assert server.received.count("initialize") == 1

    async def test_a_server_that_never_stops_changing_is_left_alone(
        self, server: ScriptedMcpServer, http: GuardedHttp
    ) -> None:
        async def list_and_change(request: web.Request, message: Json) -> Any:
            answer = {
                "jsonrpc": "2.0",
                "id": message["id"],
                "result": server.pages[None],
            }
            return await stream(request, event(self.CHANGED), event(answer))

        server.answers["tools/list"] = list_and_change
        lists: list[McpToolList] = []
        connection = McpConnection(
            RemoteMcpServer(server.url, http),
            observer=ConnectionObserver(on_listed=lists.append),
        )
        spec = ToolSpec("lookup", "", LOOKUP["inputSchema"])
        tool = McpTool(spec, name="lookup", connection=connection)

        await call(tool)
        await eventually("the last list", lambda: len(lists) == 11)
        await call(tool)
        await connection.aclose()

        assert len(lists) == 11

    async def test_news_come_in_the_newest_version_of_the_protocol(
        self, http: GuardedHttp
    ) -> None:
        """There the client has to subscribe to them."""
        lists: list[McpToolList] = []
        async with FakeMcpServer("modern") as server:

            async def change(context: Context[Any, Any]) -> str:
                await context.notify_tools_changed()
                return "changed"

            server.mcp.add_tool(change)
            connection = McpConnection(
                RemoteMcpServer(server.url, http),
                observer=ConnectionObserver(on_listed=lists.append),
            )
            async with connection.session() as session:
                server.mcp.add_tool(lambda: "new", name="new")

                async def is_listed_again() -> bool:
                    await session.client.call_tool("change")
                    return len(lists) > 1

                await eventually("the new list", is_listed_again)
            await connection.aclose()
            await eventually("every request to end", lambda: server.open == 0)

        assert "new" in [tool.name for tool in lists[-1].tools]


class TestSdk:
    """Whatever the SDK raises is an error of the tool."""

    @pytest.mark.parametrize(
        "error", [RuntimeError("x"), KeyError("x"), TimeoutError("x"), OSError("x")]
    )
    async def test_an_exception_of_a_call(
        self,
        lookup: McpTool,
        connection: McpConnection,
        error: Exception,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        async def fail(*_: Any, **__: Any) -> None:
            raise error

        async with connection.session() as session:
            monkeypatch.setattr(session.client, "call_tool", fail)

        with pytest.raises(OutcomeUnknownError):
            await call(lookup)
        assert await call(lookup) == "found"

    async def test_a_request_for_input_is_an_error(
        self, server: ScriptedMcpServer, lookup: McpTool
    ) -> None:
        async def ask(request: web.Request, message: Json) -> web.Response:
            return respond(
                message, {"resultType": "input_required", "inputRequests": 5}
            )

        server.answers["tools/call"] = ask

        with pytest.raises(ToolError):
            await asyncio.wait_for(call(lookup), 10)
