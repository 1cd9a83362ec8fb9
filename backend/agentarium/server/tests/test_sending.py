"""Long responses to readers that are slow, stall, or lose their access."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.types import StartResponse

import pytest
from django.http import StreamingHttpResponse

from agentarium.server import sending
from agentarium.server.asgi import Site
from agentarium.server.download import CutOffError
from agentarium.server.long_response import EventStream, LongResponse, Permit
from agentarium.server.sending import ABORT, CLOSE
from agentarium.server.stream_slots import StreamSlots, TooManyStreamsError
from agentarium.server.tests.test_asgi import Client, Message, body, scope, site_of
from agentarium.tests.eventually import eventually

Parts = Callable[[], Iterator[bytes]]
LAST = b"event: stream.closed\n\n"


class Revocable:
    """A guard that the test revokes."""

    def __init__(self) -> None:
        self.watched: list[asyncio.Future[bytes]] = []

    @contextmanager
    def watch(self) -> Iterator[asyncio.Future[bytes]]:
        self.watched.append(asyncio.get_running_loop().create_future())
        yield self.watched[-1]
        self.watched.clear()

    def revoke(self) -> None:
        self.watched[-1].set_result(LAST)


class StallingClient(Client):
    """Takes the head of the response and one chunk, and then nothing."""

    def __init__(self, *received: Message) -> None:
        super().__init__(*received)
        self.aborts = 0

    async def send(self, message: Any) -> None:
        await super().send(message)
        if len(self.sent) > 1:
            await asyncio.Event().wait()

    def abort(self) -> None:
        self.aborts += 1
        self.leave()


class OpenStreams:
    """A permit's slot of "alice", and how many she has open."""

    def __init__(self) -> None:
        self.slots = StreamSlots()

    def permit(self, **options: Any) -> Permit:
        return Permit(self.slots.take("alice"), **options)

    @property
    def count(self) -> int:
        return self.slots.count("alice")


@pytest.fixture
def open_streams() -> OpenStreams:
    return OpenStreams()


async def endless() -> AsyncGenerator[bytes, None]:
    while True:
        yield b"one"
        await asyncio.sleep(0)


def site_with(response: Callable[[], StreamingHttpResponse]) -> Site:
    def answer(_: dict[str, Any], start: StartResponse) -> StreamingHttpResponse:
        start("200 OK", [])
        return response()

    return site_of(answer)


def parts() -> Iterator[bytes]:
    while True:
        yield b"x" * 65_536


class TestStalled:
    @pytest.fixture(autouse=True)
    def _short(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sending, "STALL_SECONDS", 0.01)

    @pytest.mark.parametrize(
        "respond",
        [
            lambda permit: EventStream(follow=endless, permit=permit),
            lambda permit: LongResponse(parts(), permit=permit),
        ],
        ids=["stream", "download"],
    )
    async def test_a_reader_that_takes_nothing_is_cut_off(
        self, open_streams: OpenStreams, respond: Callable[[Permit], LongResponse]
    ) -> None:
        client = StallingClient(body())
        site = site_with(lambda: respond(open_streams.permit()))

        await site(
            scope(extensions={ABORT: {CLOSE: client.abort}}),
            client.received.get,
            client.send,
        )

        assert client.aborts == 1
        assert open_streams.count == 0

    async def test_a_server_that_cannot_abort_closes_the_connection(
        self, open_streams: OpenStreams
    ) -> None:
        client = StallingClient(body())
        site = site_with(
            lambda: EventStream(follow=endless, permit=open_streams.permit())
        )

        with pytest.raises(CutOffError):
            await site(scope(), client.received.get, client.send)

        assert open_streams.count == 0


class TestRevoked:
    async def test_a_stream_ends_with_the_reason(self) -> None:
        guard, client = Revocable(), Client(body())
        site = site_with(
            lambda: EventStream(follow=endless, permit=Permit(None, guard))
        )
        request = asyncio.create_task(site(scope(), client.received.get, client.send))
        await eventually("the stream to begin", lambda: b"one" in client.body)

        guard.revoke()
        await request

        assert client.body.endswith(b"one" + LAST)
        assert "more_body" not in client.sent[-1]
        assert guard.watched == []

    async def test_a_download_is_cut_off(self) -> None:
        guard, client = Revocable(), Client(body())
        site = site_with(lambda: LongResponse(parts(), permit=Permit(None, guard)))
        request = asyncio.create_task(site(scope(), client.received.get, client.send))
        await eventually("the download to begin", lambda: client.body)

        guard.revoke()

        with pytest.raises(CutOffError):
            await request
        assert client.sent[-1]["more_body"]


class TestSlots:
    async def test_a_slot_is_held_while_the_reader_reads(
        self, open_streams: OpenStreams
    ) -> None:
        client = Client(body())
        site = site_with(
            lambda: EventStream(follow=endless, permit=open_streams.permit())
        )
        request = asyncio.create_task(site(scope(), client.received.get, client.send))
        await eventually("the stream to begin", lambda: b"one" in client.body)
        held = open_streams.count

        client.leave()
        await request

        assert (held, open_streams.count) == (1, 0)

    async def test_is_free_after_a_failure(self, open_streams: OpenStreams) -> None:
        def broken() -> Iterator[bytes]:
            yield b"x" * 65_536
            raise ValueError("broken")

        client = Client(body())
        site = site_with(lambda: LongResponse(broken(), permit=open_streams.permit()))

        with pytest.raises(ValueError, match="broken"):
            await site(scope(), client.received.get, client.send)

        assert open_streams.count == 0

    async def test_is_free_if_the_client_cannot_be_sent_to(
        self, open_streams: OpenStreams
    ) -> None:
        async def refuse(_: Any) -> None:
            raise ConnectionError

        client = Client(body())
        site = site_with(
            lambda: EventStream(follow=endless, permit=open_streams.permit())
        )

        with pytest.raises(ConnectionError):
            await site(scope(), client.received.get, refuse)

        assert open_streams.count == 0

    async def test_is_free_after_a_head_request(
        self, open_streams: OpenStreams
    ) -> None:
        client = Client(body())
        site = site_with(
            lambda: EventStream(follow=endless, permit=open_streams.permit())
        )

        await site(scope("HEAD"), client.received.get, client.send)

        assert (client.status, client.body, open_streams.count) == (200, b"", 0)

    def test_is_free_when_the_response_is_lost(self, open_streams: OpenStreams) -> None:
        response = EventStream(follow=endless, permit=open_streams.permit())
        assert open_streams.count == 1

        del response

        assert open_streams.count == 0

    def test_releasing_twice_frees_one(self, open_streams: OpenStreams) -> None:
        first, _second = open_streams.permit(), open_streams.permit()

        first.release()
        first.release()

        assert open_streams.count == 1

    def test_each_holder_has_a_limit(
        self, open_streams: OpenStreams, settings: Any
    ) -> None:
        settings.MAX_STREAMS_PER_USER = 2
        held = [open_streams.permit(), open_streams.permit()]

        with pytest.raises(TooManyStreamsError) as refusal:
            open_streams.permit()
        open_streams.slots.take("bob").release()
        held.pop().release()

        assert refusal.value.retry_after
        assert open_streams.permit().slot

    def test_0_is_no_limit(self, open_streams: OpenStreams, settings: Any) -> None:
        settings.MAX_STREAMS_PER_USER = 0

        held = [open_streams.permit() for _ in range(3)]

        assert open_streams.count == len(held)
