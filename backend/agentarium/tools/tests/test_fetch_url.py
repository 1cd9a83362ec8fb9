"""`fetch_url`, through the guarded client, against a small site."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest
from aiohttp import web

from agentarium.outbound.client import Outbound
from agentarium.outbound.policy import OutboundPolicy
from agentarium.runtime.tools import web as web_module
from agentarium.runtime.tools.base import (
    OutcomeUnknownError,
    ToolError,
    ToolInvocation,
)
from agentarium.runtime.tools.web import FetchUrl
from agentarium.runtime.utility_process.pool import Outcome, UtilityPool
from agentarium.tools.guarded_http import GuardedHttp


@pytest.fixture
async def http() -> AsyncIterator[GuardedHttp]:
    http = GuardedHttp(Outbound(OutboundPolicy.parse(["127.0.0.1"])))
    yield http
    await http.aclose()


def invocation(key: str = "key-1", **arguments: Any) -> ToolInvocation:
    return ToolInvocation("call_1", arguments, key)


class Site:
    """Serves the pages that a test defines."""

    def __init__(self) -> None:
        self.pages: dict[str, web.Response] = {}
        self.url = ""
        self.requests = 0

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    async def answer(self, request: web.Request) -> web.Response:
        self.requests += 1
        return self.pages[request.path]


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    app = web.Application()
    app.router.add_get("/{path:.*}", site.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield site
    await runner.cleanup()


async def result_or_error(call: Awaitable[str]) -> str:
    try:
        return await call
    except ToolError as error:
        return str(error)


class TestFetchUrl:
    async def fetch(self, http: GuardedHttp, url: str, **options: Any) -> str:
        return await FetchUrl(http).call(invocation(url=url, **options))

    async def test_reads_a_page(self, site: Site, http: GuardedHttp) -> None:
        html = "<title>T</title><h1>Hi</h1><a href=/b>more</a><script>x</script>"
        site.pages["/a"] = web.Response(text=html, content_type="text/html")

        text = await self.fetch(http, f"{site.url}/a")

        assert text == (
            f"Address: {site.url}/a\nTitle: T\n\n# Hi\nmore\n\n"
            f"Links:\n- more: {site.url}/b"
        )

    async def test_reads_the_main_text_of_an_article(
        self, site: Site, http: GuardedHttp
    ) -> None:
        paragraph = (
            f"<p>{'A sentence of an article with several words in it. ' * 9}</p>"
        )
        html = (
            f"<nav>Menu</nav><article>{paragraph * 2}</article><footer>Imprint</footer>"
        )
        site.pages["/a"] = web.Response(text=html, content_type="text/html")
        main = await self.fetch(http, f"{site.url}/a")
        site.pages["/a"] = web.Response(text=html, content_type="text/html")
        whole = await self.fetch(http, f"{site.url}/a", whole=True)

        assert "Imprint" not in main
        assert "whole=true" in main
        assert "Imprint" in whole
        assert "whole=true" not in whole

    @pytest.mark.parametrize(
        ("answers", "text"),
        [
            ([{"title": "T", "text": "all", "links": [], "is_main": False}], "all"),
            ([], "too complex"),
        ],
    )
    async def test_returns_what_was_read_in_time(
        self,
        site: Site,
        http: GuardedHttp,
        monkeypatch: pytest.MonkeyPatch,
        answers: list[Any],
        text: str,
    ) -> None:
        async def ask(self: UtilityPool, request: Any, *, owner: int) -> Outcome:
            return Outcome(answers, "timeout")

        monkeypatch.setattr(UtilityPool, "ask", ask)
        site.pages["/a"] = web.Response(text="<p>all</p>", content_type="text/html")

        assert text in await result_or_error(self.fetch(http, f"{site.url}/a"))

    async def test_ends_the_reading_of_a_hostile_page(
        self, site: Site, http: GuardedHttp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pool = UtilityPool("agentarium.runtime.tools.page_process", seconds=0.5)
        monkeypatch.setattr(web_module, "page_pool", pool)
        hostile = "<a " + " ".join(f"a{number}=1" for number in range(180_000)) + ">x"
        site.pages["/bad"] = web.Response(text=hostile, content_type="text/html")
        site.pages["/good"] = web.Response(text="<p>fine", content_type="text/html")

        bad = await result_or_error(self.fetch(http, f"{site.url}/bad"))
        good = await self.fetch(http, f"{site.url}/good")
        await asyncio.to_thread(pool.close)

        assert "too complex" in bad
        assert good.endswith("fine")

    async def test_reads_json_unchanged(self, site: Site, http: GuardedHttp) -> None:
        site.pages["/a"] = web.json_response({"a": [1, "ü"]})

        text = await self.fetch(http, f"{site.url}/a")

        assert text.endswith('{"a": [1, "\\u00fc"]}')

    async def test_reads_a_long_text_in_parts(
        self, site: Site, http: GuardedHttp
    ) -> None:
        site.pages["/a"] = web.Response(text="x" * 150 + "y" * 150)

        first = await self.fetch(http, f"{site.url}/a", max_chars=150)
        site.pages["/a"] = web.Response(text="x" * 150 + "y" * 150)
        second = await self.fetch(http, f"{site.url}/a", max_chars=150, start=150)

        assert "start=150" in first
        assert first.endswith("x" * 150)
        assert "follow" not in second
        assert second.endswith("\n" + "y" * 150)

    @pytest.mark.parametrize(
        "response",
        [
            {"body": b"\x89PNG", "content_type": "image/png"},
            {"body": b"%PDF", "content_type": "application/pdf"},
            {"text": "gone", "status": 404},
            {"text": "down", "status": 503},
        ],
    )
    async def test_reports_what_cannot_be_read(
        self, site: Site, http: GuardedHttp, response: dict[str, Any]
    ) -> None:
        site.pages["/a"] = web.Response(**response)

        with pytest.raises(ToolError) as caught:
            await self.fetch(http, f"{site.url}/a")

        assert not isinstance(caught.value, OutcomeUnknownError)

    async def test_truncates_a_large_response(
        self, site: Site, http: GuardedHttp
    ) -> None:
        site.pages["/a"] = web.Response(text="x" * 5_000_000)

        text = await self.fetch(http, f"{site.url}/a", max_chars=100)

        assert "1999900 characters follow" in text

    async def test_truncates_a_decompression_bomb(
        self, site: Site, http: GuardedHttp
    ) -> None:
        bomb = web.Response(text="x" * 50_000_000)
        bomb.enable_compression(web.ContentCoding.gzip)
        site.pages["/a"] = bomb

        text = await self.fetch(http, f"{site.url}/a", max_chars=100)

        assert len(text) < 1_000

    @pytest.mark.parametrize(
        "url", ["http://169.254.169.254/", "file:///etc/passwd", "nonsense", ""]
    )
    async def test_obeys_the_outbound_policy(self, http: GuardedHttp, url: str) -> None:
        with pytest.raises(ToolError):
            await self.fetch(http, url)


class TestAllowedHosts:
    """The site is allowed by the operator; the lists are those of agents."""

    async def fetch(self, http: GuardedHttp, url: str, *hosts: str) -> str:
        return await FetchUrl(http.restricted_to(hosts)).call(invocation(url=url))

    async def test_reads_a_listed_host(self, site: Site, http: GuardedHttp) -> None:
        site.pages["/a"] = web.Response(text="hello")

        text = await self.fetch(http, f"{site.url}/a", site.host, "*.example.org")

        assert text.endswith("hello")

    async def test_names_the_allowed_hosts_to_the_model(
        self, site: Site, http: GuardedHttp
    ) -> None:
        with pytest.raises(ToolError) as caught:
            await self.fetch(http, f"{site.url}/a", "docs.example.com", "*.example.org")

        assert str(caught.value) == (
            f"{site.host} is not on the list of allowed hosts: docs.example.com, "
            "*.example.org."
        )
        assert site.requests == 0

    async def test_does_not_follow_a_redirect_to_another_host(
        self, site: Site, http: GuardedHttp
    ) -> None:
        port = site.url.rpartition(":")[2]
        target = f"http://localhost:{port}/b"
        site.pages["/a"] = web.Response(status=302, headers={"Location": target})
        site.pages["/b"] = web.Response(text="secret")

        with pytest.raises(ToolError, match=r"^localhost:[0-9]+ is not on the list"):
            await self.fetch(http, f"{site.url}/a", site.host)
        assert site.requests == 1

    async def test_follows_a_redirect_to_a_listed_host(
        self, site: Site, http: GuardedHttp
    ) -> None:
        site.pages["/a"] = web.Response(status=302, headers={"Location": "/b"})
        site.pages["/b"] = web.Response(text="hello")

        text = await self.fetch(http, f"{site.url}/a", site.host)

        assert text.endswith("hello")

    async def test_a_listed_host_obeys_the_outbound_policy_as_well(
        self, site: Site
    ) -> None:
        guarded = GuardedHttp(Outbound(OutboundPolicy()))

        with pytest.raises(ToolError, match="AGENTARIUM_OUTBOUND_ALLOW"):
            await self.fetch(guarded, f"{site.url}/a", site.host)
        await guarded.aclose()

        assert site.requests == 0

    async def test_the_client_of_other_tools_is_not_restricted(
        self, site: Site, http: GuardedHttp
    ) -> None:
        site.pages["/a"] = web.Response(text="hello")
        http.restricted_to(["docs.example.com"])

        text = await FetchUrl(http).call(invocation(url=f"{site.url}/a"))

        assert text.endswith("hello")
