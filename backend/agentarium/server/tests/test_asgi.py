"""The bridge between the event loop and the synchronous site, called through ASGI."""

import asyncio
import gc
import re
import threading
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.http import StreamingHttpResponse
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from agentarium.server.asgi import Site
from agentarium.server.download import CHUNK_BYTES, CutOffError
from agentarium.server.long_response import RECONNECT, EventStream
from agentarium.server.request_body import Bodies
from agentarium.server.waiting_threads import WaitingThreads
from agentarium.tests.eventually import eventually

Message = dict[str, Any]


@asynccontextmanager
async def empty_lifespan() -> AsyncIterator[None]:
    yield


class Client:
    """One request and its response."""

    def __init__(self, *received: Message) -> None:
        self.received = asyncio.Queue[Message]()
        for message in received:
            self.received.put_nowait(message)
        self.sent: list[Message] = []

    async def send(self, message: Any) -> None:
        self.sent.append(message)
        await asyncio.sleep(0)

    def leave(self) -> None:
        self.received.put_nowait({"type": "http.disconnect"})

    @property
    def status(self) -> int:
        status: int = self.sent[0]["status"]
        return status

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])


def body(content: bytes = b"", *, more: bool = False) -> Message:
    return {"type": "http.request", "body": content, "more_body": more}


def scope(method: str = "GET", **changes: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": "/täsks/",
        "query_string": b"a=1",
        "headers": [(b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"x_user", b"root")],
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.9", 5),
    } | changes


def echo(environ: dict[str, Any], start: StartResponse) -> list[bytes]:
    start("201 Created", [("Content-Type", "text/plain")])
    return [environ["REQUEST_METHOD"].encode(), b" ", environ["wsgi.input"].read()]


def site_of(answer: Callable[..., Any], *, max_body: int = 100) -> Site:
    bodies = Bodies(folder=Path(), limit_of=lambda _: max_body)
    return Site(answer, lifespan=empty_lifespan, threads=2, bodies=bodies)


class RecordingView(ViewSet):
    """Keeps weak references to the objects of a request."""

    authentication_classes = ()
    permission_classes = ()
    references: list[weakref.ref[Any]] = []

    def record(self, request: Request) -> Response:
        response = Response({"fine": True})
        parts = (self, request, request._request, response)
        self.references.extend(weakref.ref(part) for part in parts)
        return response


urlpatterns = [path("recorded/", RecordingView.as_view({"get": "record"}))]


def streaming(chunks: Callable[[], AsyncGenerator[bytes, None]]) -> Site:
    def answer(_: dict[str, Any], start: StartResponse) -> EventStream:
        start("200 OK", [("Content-Type", "text/event-stream")])
        return EventStream(follow=chunks)

    return site_of(answer)


async def test_returns_the_sites_response() -> None:
    client = Client(body(b"hel", more=True), body(b"lo"))

    await site_of(echo)(scope("POST"), client.received.get, client.send)

    assert (client.status, client.body) == (201, b"POST hello")


@pytest.mark.urls(__name__)
async def test_leaves_nothing_of_a_request_to_the_garbage_collector() -> None:
    client = Client(body())
    request = scope(path="/recorded/", headers=[(b"host", b"localhost")])
    gc.disable()
    try:
        await site_of(WSGIHandler())(request, client.received.get, client.send)
        alive = [part() for part in RecordingView.references if part()]
    finally:
        gc.enable()

    assert client.body == b'{"fine":true}'
    assert len(RecordingView.references) == 4
    assert alive == []


async def test_passes_the_request_as_wsgi_defines_it() -> None:
    seen: dict[str, Any] = {}

    def answer(environ: dict[str, Any], start: StartResponse) -> list[bytes]:
        seen.update(environ)
        return echo(environ, start)

    client = Client(body())
    await site_of(answer)(scope(), client.received.get, client.send)

    assert seen["PATH_INFO"].encode("latin-1").decode() == "/täsks/"
    assert seen["QUERY_STRING"] == "a=1"
    assert seen["HTTP_COOKIE"] == "a=1; b=2"
    assert seen["REMOTE_ADDR"] == "127.0.0.9"
    assert "HTTP_X_USER" not in seen


async def test_does_not_call_the_site_for_a_client_that_has_left() -> None:
    client = Client(body(b"x", more=True))
    client.leave()

    await site_of(echo)(scope("POST"), client.received.get, client.send)

    assert client.sent == []


async def test_sends_a_stream_until_it_ends() -> None:
    async def chunks() -> AsyncGenerator[bytes, None]:
        yield b"one"
        yield b"two"

    client = Client(body())
    await streaming(chunks)(scope(), client.received.get, client.send)

    assert client.body == b"onetwo"
    assert not client.sent[-1].get("more_body")


class TestEndless:
    """Streams that do not end by themselves."""

    closed: list[bool]

    @pytest.fixture
    def endless(self) -> Site:
        self.closed = []

        async def chunks() -> AsyncGenerator[bytes, None]:
            try:
                yield b"one"
                await asyncio.Event().wait()
            finally:
                self.closed.append(True)

        return streaming(chunks)

    async def until_begun(self, client: Client) -> None:
        await eventually("the stream to begin", lambda: b"one" in client.body)

    async def test_closes_a_stream_whose_reader_leaves(self, endless: Site) -> None:
        client = Client(body())
        request = asyncio.create_task(
            endless(scope(), client.received.get, client.send)
        )
        await self.until_begun(client)

        client.leave()
        await request

        assert self.closed == [True]

    async def test_ends_streams_with_a_hint_to_reconnect_when_the_server_stops(
        self, endless: Site
    ) -> None:
        client = Client(body())
        request = asyncio.create_task(
            endless(scope(), client.received.get, client.send)
        )
        await self.until_begun(client)

        endless.drain()
        await request

        assert client.body == b"one" + RECONNECT
        assert self.closed == [True]

    async def test_ends_a_stream_immediately_that_begins_after_that(
        self, endless: Site
    ) -> None:
        client = Client(body())
        endless.drain()

        await endless(scope(), client.received.get, client.send)

        assert client.body == RECONNECT


async def test_ends_a_failed_stream_so_that_its_reader_reconnects() -> None:
    async def chunks() -> AsyncGenerator[bytes, None]:
        yield b"one"
        raise ValueError("secret")

    client = Client(body())
    await streaming(chunks)(scope(), client.received.get, client.send)

    assert client.body == b"one"
    assert client.sent[-1] == {"type": "http.response.body", "body": b""}


def downloading(
    parts: Callable[[], Iterator[bytes]], closed: list[bool] | None = None
) -> Site:
    class Response(StreamingHttpResponse):
        def close(self) -> None:
            super().close()
            if closed is not None:
                closed.append(True)

    def answer(_: dict[str, Any], start: StartResponse) -> StreamingHttpResponse:
        start("200 OK", [("Content-Type", "text/plain")])
        return Response(parts())

    return site_of(answer)


class TestDownloads:
    """Bodies that are generated in chunks, on threads of the pool."""

    async def test_joins_small_parts_and_sends_large_ones_as_they_are(self) -> None:
        closed: list[bool] = []

        def parts() -> Iterator[bytes]:
            yield from (b"a", b"b", b"x" * CHUNK_BYTES, b"c")

        client = Client(body())
        await downloading(parts, closed)(scope(), client.received.get, client.send)

        sent = [message["body"] for message in client.sent[1:]]
        assert sent == [b"ab" + b"x" * CHUNK_BYTES, b"c", b""]
        assert not client.sent[-1].get("more_body")
        assert closed == [True]

    async def test_generates_no_more_than_the_reader_takes(self) -> None:
        generated: list[int] = []
        closed: list[bool] = []

        def parts() -> Iterator[bytes]:
            for number in range(1000):
                generated.append(number)
                yield b"x" * CHUNK_BYTES

        client = Client(body())
        is_slow = asyncio.Event()

        async def send(message: Any) -> None:
            await client.send(message)
            if client.body and not is_slow.is_set():
                is_slow.set()
                await asyncio.Event().wait()

        site = downloading(parts, closed)
        request = asyncio.create_task(site(scope(), client.received.get, send))
        await is_slow.wait()
        assert generated == [0]

        client.leave()
        await request

        assert generated == [0]
        assert closed == [True]

    async def test_does_not_end_an_incomplete_body_normally(self) -> None:
        def parts() -> Iterator[bytes]:
            yield b"x" * CHUNK_BYTES
            raise ValueError("broken")

        client = Client(body())
        with pytest.raises(ValueError, match="broken"):
            await downloading(parts)(scope(), client.received.get, client.send)

        assert client.sent[-1]["more_body"]

    async def test_is_cut_off_when_the_server_stops(self) -> None:
        def parts() -> Iterator[bytes]:
            while True:
                yield b"x" * CHUNK_BYTES

        client = Client(body())
        site = downloading(parts)
        request = asyncio.create_task(site(scope(), client.received.get, client.send))
        await eventually("the download to begin", lambda: client.body)

        site.drain()

        with pytest.raises(CutOffError):
            await request
        assert client.sent[-1]["more_body"]

    async def test_generates_nothing_for_a_head_request(self) -> None:
        generated: list[bool] = []
        closed: list[bool] = []

        def parts() -> Iterator[bytes]:
            generated.append(True)
            yield b"x"

        client = Client(body())
        site = downloading(parts, closed)
        await site(scope("HEAD"), client.received.get, client.send)

        assert (client.status, client.body) == (200, b"")
        assert generated == []
        assert closed == [True]


def test_asks_the_reader_to_reconnect_without_an_event_loop() -> None:
    async def chunks() -> AsyncGenerator[bytes, None]:
        yield b"never sent"

    assert b"".join(EventStream(follow=chunks)) == RECONNECT


async def test_runs_the_lifespan_from_startup_to_shutdown() -> None:
    calls: list[str] = []

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        calls.append("started")
        yield
        calls.append("stopped")

    bodies = Bodies(folder=Path(), limit_of=lambda _: 1)
    site = Site(echo, lifespan=lifespan, threads=1, bodies=bodies)
    client = Client({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})

    await site({"type": "lifespan"}, client.received.get, client.send)

    assert calls == ["started", "stopped"]
    assert [message["type"] for message in client.sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


async def test_requests_that_wait_for_other_servers_occupy_no_other_thread() -> None:
    arrived, gate = threading.Semaphore(0), threading.Event()

    def answer(environ: dict[str, Any], start: StartResponse) -> list[bytes]:
        if environ["PATH_INFO"] == "/waits/1/":
            arrived.release()
            gate.wait()
        return echo(environ, start)

    site = Site(
        answer,
        lifespan=empty_lifespan,
        threads=1,
        waiting=WaitingThreads(2, requests=re.compile("POST /waits/[^/]+/")),
        bodies=Bodies(folder=Path(), limit_of=lambda _: 100),
    )
    waiting = [Client(body()) for _ in range(20)]
    requests = [
        asyncio.create_task(
            site(scope("POST", path="/waits/1/"), each.received.get, each.send)
        )
        for each in waiting
    ]
    await asyncio.to_thread(arrived.acquire)

    others = [
        ("GET", "/tasks/"),
        # The same path with another method does not wait.
        ("GET", "/waits/1"),
    ]
    for method, path_of_other in others:
        other = Client(body())
        request = scope(method, path=path_of_other)
        await asyncio.wait_for(site(request, other.received.get, other.send), 30)
        assert other.status == 201
    assert not any(each.sent for each in waiting)

    gate.set()
    await asyncio.gather(*requests)
    assert {each.status for each in waiting} == {201}
