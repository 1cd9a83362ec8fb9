"""HTTP tools, through the guarded client, against a counting server."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from agentarium.outbound.client import Outbound
from agentarium.outbound.policy import OutboundPolicy
from agentarium.runtime.tools import http_template
from agentarium.runtime.tools.base import (
    Effect,
    OutcomeUnknownError,
    ToolError,
    ToolInvocation,
    ToolSpec,
)
from agentarium.runtime.tools.http import (
    HeaderError,
    HttpRequestSettings,
    HttpRequestTool,
    Method,
    check_header,
)
from agentarium.runtime.tools.http_template import TemplateError, UrlTemplate
from agentarium.tests.eventually import eventually
from agentarium.tools.guarded_http import GuardedHttp
from bench.fake_tools.server import FakeTools


@pytest.fixture
async def http() -> AsyncIterator[GuardedHttp]:
    http = GuardedHttp(Outbound(OutboundPolicy.parse(["127.0.0.1"])))
    yield http
    await http.aclose()


@pytest.fixture
async def tools() -> AsyncIterator[FakeTools]:
    async with FakeTools() as tools:
        yield tools


def invocation(key: str = "key-1", **arguments: Any) -> ToolInvocation:
    return ToolInvocation("call_1", arguments, key)


def tool(
    http: GuardedHttp,
    url: str,
    method: Method = "GET",
    *,
    effect: Effect = "write",
    timeout: float = 5.0,
    headers: dict[str, str] | None = None,
) -> HttpRequestTool:
    return HttpRequestTool(
        ToolSpec("tool", "", effect=effect, timeout=timeout),
        HttpRequestSettings(method, UrlTemplate(url), headers or {}),
        http,
    )


class TestCalling:
    async def test_fills_placeholders_and_adds_the_rest_to_the_query(
        self, tools: FakeTools, http: GuardedHttp
    ) -> None:
        request_tool = tool(http, f"{tools.url}/do/get?fixed=1&q={{q}}")

        await request_tool.call(
            invocation(q="a b&c", page=2, tags=["x", "y"], flag=True, none=None)
        )

        received = tools.received[0]
        assert received.method == "GET"
        assert received.body == b""
        assert received.query == {
            "fixed": "1",
            "q": "a b&c",
            "page": "2",
            "tags": "x",
            "flag": "true",
            "none": "",
        }

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
    async def test_sends_remaining_arguments_as_json(
        self, tools: FakeTools, http: GuardedHttp, method: Method
    ) -> None:
        request_tool = tool(http, tools.url + "/do/{name}", method)

        await request_tool.call(invocation(name="put", text="é", number=1.5))

        received = tools.received[0]
        assert (received.method, received.path) == (method, "/do/put")
        assert received.headers["Content-Type"] == "application/json"
        assert orjson.loads(received.body) == {"text": "é", "number": 1.5}

    @pytest.mark.parametrize("path", ["/do/{text}", "/do/get?q={text}", "/do/get"])
    async def test_replaces_lone_surrogates(
        self, tools: FakeTools, http: GuardedHttp, path: str
    ) -> None:
        await tool(http, tools.url + path).call(invocation(text="a\ud800"))

        assert len(tools.received) == 1

    async def test_accepts_integers_beyond_64_bits(
        self, tools: FakeTools, http: GuardedHttp
    ) -> None:
        number = 2**64

        await tool(http, f"{tools.url}/do/get").call(
            invocation(n=number, list=[number])
        )
        await tool(http, f"{tools.url}/do/post", "POST").call(invocation(n=number))

        query, body = tools.received[0].query, tools.received[1].body
        assert query == {"n": str(number), "list": str(number)}
        assert body == b'{"n":18446744073709551616}'

    async def test_sends_its_headers(self, tools: FakeTools, http: GuardedHttp) -> None:
        request_tool = tool(http, f"{tools.url}/do/x", headers={"X-Key": "secret"})

        await request_tool.call(invocation())

        assert tools.received[0].headers["X-Key"] == "secret"
        assert "secret" not in repr(request_tool._settings)

    async def test_returns_status_and_body(
        self, tools: FakeTools, http: GuardedHttp
    ) -> None:
        result = await tool(http, f"{tools.url}/do/x").call(invocation())

        assert result == 'HTTP 200 OK\n\n{"tool":"x","number":1}'

    async def test_an_idempotent_call_has_an_idempotency_key(
        self, tools: FakeTools, http: GuardedHttp
    ) -> None:
        request_tool = tool(http, f"{tools.url}/do/pay", "POST", effect="idempotent")

        results = [
            await request_tool.call(invocation(key)) for key in ("k1", "k1", "k2")
        ]

        assert results[0] == results[1] != results[2]
        assert tools.stats.calls == {"pay": 3}
        assert tools.stats.done_by_key == {"k1": 1, "k2": 1}

    @pytest.mark.parametrize("effect", ["read", "write"])
    async def test_other_calls_have_no_idempotency_key(
        self, tools: FakeTools, http: GuardedHttp, effect: Effect
    ) -> None:
        await tool(http, f"{tools.url}/do/x", "POST", effect=effect).call(invocation())

        assert "Idempotency-Key" not in tools.received[0].headers


class TestFailing:
    @pytest.mark.parametrize("status", [400, 404, 422, 500])
    async def test_reports_the_response_of_the_server(
        self, tools: FakeTools, http: GuardedHttp, status: int
    ) -> None:
        with pytest.raises(ToolError) as caught:
            await tool(http, f"{tools.url}/do/x?status={status}").call(invocation())

        assert str(status) in str(caught.value)
        assert "requested by the query" in str(caught.value)
        assert not isinstance(caught.value, OutcomeUnknownError)

    @pytest.mark.parametrize("query", ["cut=1", "after=60", "status=502"])
    async def test_reports_an_unknown_outcome(
        self, tools: FakeTools, http: GuardedHttp, query: str
    ) -> None:
        request_tool = tool(http, f"{tools.url}/do/pay?{query}", "POST", timeout=3.0)

        with pytest.raises(OutcomeUnknownError):
            await request_tool.call(invocation())

    async def test_a_refused_connection_has_a_known_outcome(
        self, http: GuardedHttp
    ) -> None:
        with pytest.raises(ToolError) as caught:
            await tool(http, "http://127.0.0.1:4/x").call(invocation())

        assert not isinstance(caught.value, OutcomeUnknownError)

    async def test_a_cancelled_call_closes_its_connection(
        self, tools: FakeTools, http: GuardedHttp
    ) -> None:
        request_tool = tool(http, f"{tools.url}/do/x?delay=60", timeout=60)
        pending = asyncio.create_task(request_tool.call(invocation()))
        await eventually("the call to arrive", lambda: tools.stats.open == 1)

        pending.cancel()
        await asyncio.wait([pending])

        await eventually("the connection to be closed", lambda: tools.stats.open == 0)
        assert tools.stats.closed_by_client == 1

    async def test_obeys_the_outbound_policy(self, tools: FakeTools) -> None:
        http = GuardedHttp(Outbound(OutboundPolicy()))

        with pytest.raises(ToolError):
            await tool(http, f"{tools.url}/do/x").call(invocation())
        await http.aclose()

        assert not tools.received


class TestTemplate:
    @pytest.mark.parametrize(
        "value",
        [
            "a/b",
            "a..b/c",
            ".../x",
            "v1.2/.well-known",
            "100%",
            "x?admin=1",
            "x#y",
            "x&y=1",
            "@evil.example/",
            "//evil.example/",
            "\\evil",
            "x\r\nHost: evil",
            "é %41",
            "%u00e9 50%25",
            "?q=.5#.x",
            "日本語.txt",
        ],
    )
    async def test_an_argument_stays_in_its_placeholder(
        self, tools: FakeTools, http: GuardedHttp, value: str
    ) -> None:
        path = tool(http, tools.url + "/do/{id}?a=1")
        query = tool(http, tools.url + "/do/x?q={id}&a=1")

        await path.call(invocation(id=value))
        await query.call(invocation(id=value))

        first, second = tools.received
        assert tools.stats.calls == {value: 1, "x": 1}
        assert first.query == {"a": "1"}
        assert second.query == {"q": value, "a": "1"}

    @pytest.mark.parametrize(
        "arguments",
        [{"id": ".."}, {"id": "."}, {"id": ""}, {"id": None}, {}],
    )
    def test_an_argument_cannot_shorten_the_path(
        self, arguments: dict[str, Any]
    ) -> None:
        template = UrlTemplate("https://api.example/users/{id}/keys")

        with pytest.raises(ToolError):
            template.expand(arguments, {})

    @pytest.mark.parametrize(
        "value",
        [
            "../admin",
            "x/../admin",
            "x/..",
            "./x",
            "..%2fadmin",
            "..%2Fadmin",
            "%2e%2e",
            "%2E%2e/admin",
            "%2e%2e%2fadmin",
            "%252e%252e%252fadmin",
            "%25252e%25252e",
            "..\\admin",
            "..%5cadmin",
            "..;/admin",
            "..;a=b",
            "..%3b/admin",
            "..%00/x",
            ".%09./x",
            "%c0%ae%c0%ae/x",
            "..%c0%afx",
            "\uff0e\uff0e\uff0fx",
            "%" + "25" * 20 + "2e",
            "..?x",
            "..#x",
            "x?/../y",
            "..%3fx",
            "..%2523x",
            "%u002e%u002e/x",
            "%u002E%uff0e",
            "%25u002e.",
            "..%u2215x",
            "%%32%65%%32%65",
            "%c0%25ae.",
            "%25c0%ae%c0%25ae/x",
            "%c0%2e.",
            "%e0%80%ae.",
            "%fc%80%80%80%80%ae.",
            "..%c1%9cx",
            "\uff052e.",
            "%ef%bc%8e.",
            "..%00.png",
            "..%0d%0ax",
            ".\u200b.",
            "\u2025",
        ],
    )
    async def test_an_argument_that_climbs_is_refused_before_any_request(
        self, tools: FakeTools, http: GuardedHttp, value: str
    ) -> None:
        with pytest.raises(ToolError, match="between slashes"):
            await tool(http, tools.url + "/users/{id}/keys").call(invocation(id=value))
        await tool(http, tools.url + "/do/x?q={id}").call(invocation(id=value))

        (received,) = tools.received
        assert received.query == {"q": value}

    @pytest.mark.parametrize(
        ("template", "arguments"),
        [
            ("/{x}{y}/b", {"x": "..", "y": "/admin"}),
            ("/a%2f{x}/b", {"x": ".."}),
            ("/a/.{x}/b", {"x": "."}),
            ("/a/{x}./b", {"x": "%2e"}),
        ],
    )
    def test_an_argument_cannot_climb_together_with_the_template(
        self, template: str, arguments: dict[str, str]
    ) -> None:
        with pytest.raises(ToolError):
            UrlTemplate(f"https://api.example{template}").expand(arguments, {})

    def test_a_very_long_argument_is_refused(self) -> None:
        with pytest.raises(ToolError, match="longer"):
            UrlTemplate("https://api.example/{x}").expand({"x": "%25" * 10**6}, {})

    @pytest.mark.parametrize(
        ("address", "arguments", "query"),
        [
            ("/{a}", {"a": "/" * 16_000}, {}),
            ("/?" + "q={a}&" * 300, {"a": "x" * 60}, {}),
            ("/", {}, {"q": "x" * 16_000}),
            ("/", {}, {"name": [""] * 3_000}),
            ("/", {}, {"q": [[1] * 9_000]}),
        ],
    )
    def test_refuses_an_address_that_is_too_long_before_building_it(
        self,
        address: str,
        arguments: dict[str, Any],
        query: dict[str, Any],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        template = UrlTemplate(f"https://api.example{address}")
        monkeypatch.setattr(http_template, "quote", pytest.fail)
        monkeypatch.setattr(http_template, "urlencode", pytest.fail)

        with pytest.raises(ToolError, match="longer than"):
            template.expand(arguments, query)

    def test_accepts_a_long_argument(self) -> None:
        template = UrlTemplate("https://api.example/")

        assert template.expand({}, {"q": "x" * 15_000}).endswith("x" * 15_000)

    def test_two_arguments_cannot_shorten_the_path_together(self) -> None:
        template = UrlTemplate("https://api.example/a/{x}{y}/b")

        with pytest.raises(ToolError):
            template.expand({"x": ".", "y": "."}, {})

    @pytest.mark.parametrize(
        "template",
        [
            "",
            "/path",
            "{url}",
            "{scheme}://api.example/",
            "https://{host}/",
            "https://api.{domain}/x",
            "https://api.example:{port}/",
            "https://{user}@api.example/",
            "https://api.example{rest}",
            "https://api.example/{",
            "https://api.example/{}",
            "https://api.example/{a b}",
            "https://api.example/{a.b}",
            "https://api.example/{{a}}",
            "https://api.example/a b",
            "https://api.example/#{a}",
            "ftp://api.example/",
            "https://[::1/",
            "https://api.example/a/../{b}",
            "https://api.example/%2e%2e/{b}",
        ],
    )
    def test_rejects_an_invalid_template(self, template: str) -> None:
        with pytest.raises(TemplateError):
            UrlTemplate(template)


class TestHeaders:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("Host", "x"),
            ("content-length", "1"),
            ("Transfer-Encoding", "chunked"),
            ("Idempotency-Key", "x"),
            ("Mcp-Session-Id", "x"),
            ("Bad Name", "x"),
            ("", "x"),
            ("X:Y", "x"),
            ("X-A", "a\r\nX-B: b"),
            ("X-A", "a\x00"),
            ("X-A", "é"),
            ("X-A", " a"),
        ],
    )
    def test_rejects_reserved_and_invalid_headers(self, name: str, value: str) -> None:
        with pytest.raises(HeaderError):
            check_header(name, value)

    def test_accepts_ordinary_headers(self) -> None:
        check_header("Authorization", "Bearer abc.def-ghi_j=")
        check_header("X-Api-Key", "")
