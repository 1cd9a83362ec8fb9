"""The outbound client with real sockets: names, rebinding, redirects, limits."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from agentarium.outbound.client import Outbound
from agentarium.outbound.policy import OutboundError, OutboundPolicy
from agentarium.tests.eventually import eventually


class ScriptedResolver(AbstractResolver):
    """Resolves each name to its addresses one after the other; the last one stays."""

    def __init__(self, names: dict[str, list[str]]) -> None:
        self.names = names
        self.resolved: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: Any = socket.AF_INET
    ) -> list[ResolveResult]:
        self.resolved.append(host)
        addresses = self.names[host]
        address = addresses.pop(0) if len(addresses) > 1 else addresses[0]
        return [
            ResolveResult(
                hostname=host,
                host=each,
                port=port,
                family=socket.AF_INET6 if ":" in each else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for each in address.split()
        ]

    async def close(self) -> None:
        pass


class Server:
    """Responds on 127.0.0.1 and records the requests."""

    def __init__(self) -> None:
        self.received: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.received.append(request)
        self.bodies.append(await request.read())
        path = request.match_info["path"]
        if path == "to":
            raise _redirect(int(request.query["status"]), request.query["url"])
        if path == "loop":
            raise _redirect(302, "/loop")
        if path == "slow":
            await asyncio.Event().wait()
        if path == "gone" and request.transport:
            request.transport.close()
        if path == "drip":
            return await self._drip(request)
        headers = {"Set-Cookie": "session=1"}
        return web.Response(text=f"{request.method} {path}", headers=headers)

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        await asyncio.Event().wait()
        return response


def _redirect(status: int, url: str) -> web.HTTPException:
    answers = {
        301: web.HTTPMovedPermanently,
        302: web.HTTPFound,
        303: web.HTTPSeeOther,
        307: web.HTTPTemporaryRedirect,
        308: web.HTTPPermanentRedirect,
    }
    return answers[status](url)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.port = runner.addresses[0][1]
    yield server
    await runner.cleanup()


async def call(
    outbound: Outbound, url: str, method: str = "GET", **options: Any
) -> tuple[int, str]:
    options = {"headers": {}, "timeout": 5, **options}
    try:
        async with outbound.open(method, url, **options) as response:
            return response.status, (await response.read(1000)).decode()
    finally:
        await outbound.aclose()


def here(*names: str) -> Outbound:
    """A client that may connect to 127.0.0.1, to which these names resolve."""
    resolver = ScriptedResolver({name: ["127.0.0.1"] for name in names})
    return Outbound(OutboundPolicy.parse(["127.0.0.1"]), resolver=resolver)


async def refusal(outbound: Outbound, url: str, **options: Any) -> OutboundError:
    with pytest.raises(OutboundError) as refused:
        await call(outbound, url, **options)
    return refused.value


class TestNames:
    @pytest.mark.parametrize(
        "address", ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "::ffff:7f00:1"]
    )
    async def test_refuses_a_name_with_an_internal_address(
        self, server: Server, address: str
    ) -> None:
        resolver = ScriptedResolver({"inside.example": [address]})
        outbound = Outbound(OutboundPolicy(), resolver=resolver)

        error = await refusal(outbound, f"http://inside.example:{server.port}/")

        assert error.code == "outbound_refused"
        assert address not in error.detail
        assert not server.received

    @pytest.mark.parametrize("host", ["localhost", "LOCALHOST"])
    async def test_refuses_localhost_with_the_real_resolver(
        self, server: Server, host: str
    ) -> None:
        error = await refusal(
            Outbound(OutboundPolicy()), f"http://{host}:{server.port}/"
        )

        assert error.code == "outbound_refused"
        assert not server.received

    async def test_connects_only_to_allowed_addresses_of_a_name(
        self, server: Server
    ) -> None:
        resolver = ScriptedResolver({"mixed.example": ["10.0.0.1 127.0.0.1 ::1"]})
        outbound = Outbound(OutboundPolicy.parse(["127.0.0.1"]), resolver=resolver)

        answer = await call(outbound, f"http://mixed.example:{server.port}/a")

        assert answer == (200, "GET a")

    async def test_connects_to_the_address_that_it_checked(
        self, server: Server
    ) -> None:
        """A name that resolves to another address the second time is resolved once."""
        names = {"rebinding.example": ["127.0.0.1", "10.0.0.1"]}
        resolver = ScriptedResolver(names)
        outbound = Outbound(OutboundPolicy.parse(["127.0.0.1"]), resolver=resolver)

        answer = await call(outbound, f"http://rebinding.example:{server.port}/a")

        assert answer == (200, "GET a")
        assert resolver.resolved == ["rebinding.example"]

    async def test_checks_a_name_again_for_each_connection(
        self, server: Server
    ) -> None:
        names = {"rebinding.example": ["127.0.0.1", "10.0.0.1"]}
        outbound = Outbound(
            OutboundPolicy.parse(["127.0.0.1"]), resolver=ScriptedResolver(names)
        )
        url = f"http://rebinding.example:{server.port}/"
        await call(outbound, url)

        error = await refusal(outbound, url)

        assert error.code == "outbound_refused"
        assert len(server.received) == 1

    async def test_reaches_a_host_that_the_operator_allows_at_any_address(
        self, server: Server
    ) -> None:
        resolver = ScriptedResolver({"tools": ["127.0.0.1"]})
        outbound = Outbound(OutboundPolicy.parse(["tools"]), resolver=resolver)

        assert await call(outbound, f"http://tools:{server.port}/a") == (200, "GET a")
        error = await refusal(outbound, server.url)
        assert error.code == "outbound_refused"

    async def test_ignores_the_environments_proxy(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

        assert await call(here(), f"{server.url}/a") == (200, "GET a")


class TestRedirects:
    @pytest.mark.parametrize(
        "target",
        [
            "http://169.254.169.254/latest/meta-data/",
            "http://127.0.0.2/",
            "http://[::1]/",
            "file:///etc/passwd",
            "//10.0.0.1/",
            "http://user:secret@127.0.0.1/",
        ],
    )
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    async def test_checks_the_target(
        self, server: Server, status: int, target: str
    ) -> None:
        url = f"{server.url}/to?status={status}&url={target}"

        error = await refusal(here(), url)

        assert error.code == "outbound_refused"
        assert len(server.received) == 1

    async def test_checks_the_name_of_the_target(self, server: Server) -> None:
        resolver = ScriptedResolver({"inside.example": ["10.0.0.1"]})
        outbound = Outbound(OutboundPolicy.parse(["127.0.0.1"]), resolver=resolver)
        url = f"{server.url}/to?status=302&url=http://inside.example/"

        error = await refusal(outbound, url)

        assert error.code == "outbound_refused"

    async def test_follows_a_few(self, server: Server) -> None:
        url = f"{server.url}/to?status=302&url=/a"

        assert await call(here(), url) == (200, "GET a")

    async def test_does_not_follow_a_loop(self, server: Server) -> None:
        error = await refusal(here(), f"{server.url}/loop")

        assert error.code == "outbound_redirects"
        assert len(server.received) == 6

    async def test_drops_secrets_when_the_host_changes(self, server: Server) -> None:
        target = f"http://other.example:{server.port}/a"
        headers = {"Authorization": "Bearer secret", "X-Key": "k", "Accept": "a/b"}

        await call(
            here("other.example"),
            f"{server.url}/to?status=307&url={target}",
            headers=headers,
        )

        first, second = server.received
        assert first.headers["Authorization"] == "Bearer secret"
        assert "Authorization" not in second.headers
        assert "X-Key" not in second.headers
        assert second.headers["Accept"] == "a/b"

    async def test_keeps_secrets_on_the_same_host(self, server: Server) -> None:
        headers = {"Authorization": "Bearer secret"}

        await call(here(), f"{server.url}/to?status=302&url=/a", headers=headers)

        assert server.received[1].headers["Authorization"] == "Bearer secret"

    @pytest.mark.parametrize(
        ("status", "method", "body"),
        [
            (301, "GET", b""),
            (302, "GET", b""),
            (303, "GET", b""),
            (307, "POST", b"{}"),
            (308, "POST", b"{}"),
        ],
    )
    async def test_treats_a_post_as_browsers_do(
        self, server: Server, status: int, method: str, body: bytes
    ) -> None:
        url = f"{server.url}/to?status={status}&url=/a"

        answer = await call(here(), url, "POST", body=b"{}")

        assert answer == (200, f"{method} a")
        assert server.bodies == [b"{}", body]


class TestLimits:
    async def test_refuses_a_response_that_is_too_large(self, server: Server) -> None:
        outbound = here()

        with pytest.raises(OutboundError) as failed:
            async with outbound.open(
                "GET", f"{server.url}/a", headers={}, timeout=5
            ) as response:
                await response.read(3)

        assert failed.value.code == "outbound_too_large"
        await outbound.aclose()

    @pytest.mark.parametrize("path", ["slow", "drip"])
    async def test_ends_a_response_that_takes_too_long(
        self, server: Server, path: str
    ) -> None:
        error = await refusal(here(), f"{server.url}/{path}", timeout=2)

        assert error.code == "outbound_timeout"
        assert error.may_have_arrived

    async def test_keeps_no_cookies(self, server: Server) -> None:
        outbound = here()
        for _ in range(2):
            async with outbound.open(
                "GET", f"{server.url}/a", headers={}, timeout=5
            ) as response:
                await response.read(100)
        await outbound.aclose()

        assert "Cookie" not in server.received[1].headers

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
    async def test_does_not_retry_when_the_connection_is_lost(
        self, server: Server, method: str
    ) -> None:
        error = await refusal(here(), f"{server.url}/gone", method=method)

        assert len(server.received) == 1
        assert error.may_have_arrived

    async def test_knows_that_nothing_arrived_at_a_closed_port(
        self, server: Server
    ) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}/"

            error = await refusal(here(), url)

        assert error.code == "outbound_unreachable"
        assert not error.may_have_arrived

    async def test_closes_the_connection_when_it_is_cancelled(
        self, server: Server
    ) -> None:
        task = asyncio.create_task(call(here(), f"{server.url}/slow"))
        await eventually("the request to arrive", lambda: server.bodies)
        transport = server.received[0].transport
        assert transport is not None

        task.cancel()
        await asyncio.wait([task])

        await eventually("the connection to be closed", transport.is_closing)
        assert task.cancelled()
