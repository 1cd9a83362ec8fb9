"""Real connections to a server whose clock the tests set."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from agentarium.observability.metrics import CONNECTIONS_CLOSED, CONNECTIONS_REFUSED
from agentarium.server.connections import protocol
from agentarium.server.connections.protocol import (
    BODY_SECONDS,
    CONNECTION,
    DISCARD_SECONDS,
    HEAD_SECONDS,
    STALL_SECONDS,
    LimitedProtocol,
)
from agentarium.server.connections.registry import Registry
from agentarium.tests.eventually import eventually

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
UPLOAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n"
# More than the buffers of both sockets hold.
LARGE = 30_000_000

App = Callable[[Any, Any, Any], Awaitable[None]]


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Client:
    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def read(self) -> bytes:
        """What the server sends until it closes the connection."""
        try:
            return await self._reader.read()
        except ConnectionResetError:
            return b""

    async def answer(self) -> bytes:
        """The beginning of one answer."""
        return await self._reader.readuntil(b"\r\n\r\n")

    async def close(self) -> None:
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


class Server:
    """Connections of `app`, up to five of them, three from one address."""

    def __init__(self, app: App, clock: Clock) -> None:
        self.clock = clock
        self.registry = Registry(ceiling=5, address_ceiling=3, clock=clock)
        self._config = uvicorn.Config(app, lifespan="off", log_config=None)
        self._state = ServerState()
        self._clients: list[Client] = []

    async def start(self) -> None:
        self._listener = await asyncio.get_running_loop().create_server(
            self._protocol, "127.0.0.1", 0
        )

    async def stop(self) -> None:
        self._listener.close()
        for client in self._clients:
            await client.close()
        for connection in self.connections:
            connection.transport.abort()
        await eventually("all connections to end", lambda: not self.connections)

    @property
    def connections(self) -> list[Any]:
        return list(self._state.connections)

    async def connect(self, data: bytes = b"") -> Client:
        """Connect, send, and wait until the server has received it."""
        before, received = len(self.connections), self._received
        address = self._listener.sockets[0].getsockname()
        client = Client(*await asyncio.open_connection(*address))
        self._clients.append(client)
        await eventually("a connection", lambda: len(self.connections) != before)
        await self.deliver(client, data, received=received)
        return client

    async def deliver(
        self, client: Client, data: bytes, *, received: int | None = None
    ) -> None:
        before = self._received if received is None else received
        client.send(data)
        await eventually("the data", lambda: self._received >= before + len(data))

    def pass_time(self, seconds: float) -> None:
        """Let time pass, with the checks that it brings, one each second."""
        until = self.clock.now + seconds
        while self.clock.now < until:
            self.clock.now = min(self.clock.now + 1, until)
            self.registry.check_time()

    def _protocol(self) -> asyncio.Protocol:
        server = self

        class Counting(LimitedProtocol):
            def data_received(self, data: bytes) -> None:
                server._received += len(data)
                super().data_received(data)

        return Counting(
            config=self._config,
            server_state=self._state,
            app_state={},
            registry=self.registry,
        )

    _received = 0


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """Answers after the body has arrived."""
    while (message := await receive()).get("more_body"):
        pass
    if message["type"] == "http.request":
        await answer(send, b"hello")


async def answer(send: Any, body: bytes, **headers: str) -> None:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    length = (b"content-length", str(len(body)).encode())
    await send(
        {"type": "http.response.start", "status": 200, "headers": [*pairs, length]}
    )
    await send({"type": "http.response.body", "body": body})


Start = Callable[[App], Awaitable[Server]]


@pytest.fixture
async def start(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    servers: list[Server] = []
    clock = Clock()
    monkeypatch.setattr(protocol, "monotonic", clock)

    async def start(app: App) -> Server:
        server = Server(app, clock)
        servers.append(server)
        await server.start()
        return server

    yield start
    for server in servers:
        await server.stop()


@pytest.fixture
async def server(start: Start) -> Server:
    return await start(hello)


def closed_for(reason: str) -> float:
    value: float = CONNECTIONS_CLOSED.labels(reason)._value.get()
    return value


class TestHead:
    async def test_a_connection_that_sends_nothing_is_closed(
        self, server: Server
    ) -> None:
        client = await server.connect()
        before = closed_for("head")

        server.pass_time(HEAD_SECONDS)
        assert closed_for("head") == before
        server.pass_time(1)

        assert await client.read() == b""
        assert closed_for("head") == before + 1

    async def test_a_head_that_arrives_byte_by_byte_is_answered_with_408(
        self, server: Server
    ) -> None:
        client = await server.connect(b"GET / HTTP/1.1\r\n")

        for _ in range(4):
            await server.deliver(client, b"a")
            server.pass_time(4)

        assert (await client.read()).startswith(b"HTTP/1.1 408 ")

    async def test_the_head_of_a_further_request_has_its_own_time(
        self, server: Server
    ) -> None:
        client = await server.connect(GET)
        await client.answer()
        server.pass_time(HEAD_SECONDS + 1)

        await server.deliver(client, b"GET / HT")
        server.pass_time(HEAD_SECONDS)
        assert len(server.connections) == 1
        server.pass_time(1)

        assert (await client.read()).endswith(protocol._TOO_SLOW)

    async def test_a_head_without_end_is_answered_with_431(
        self, server: Server
    ) -> None:
        client = await server.connect(b"GET / HTTP/1.1\r\nX-Long: ")

        client.send(b"x" * 70_000)

        assert (await client.read()).startswith(b"HTTP/1.1 431 ")


class TestBody:
    async def test_a_body_that_stalls_is_answered_with_408(
        self, server: Server
    ) -> None:
        client = await server.connect(UPLOAD + b"x" * 100)

        server.pass_time(STALL_SECONDS + 2)

        assert (await client.read()).startswith(b"HTTP/1.1 408 ")

    async def test_a_body_that_trickles_is_closed(self, server: Server) -> None:
        client = await server.connect(UPLOAD)

        for _ in range(5):
            await server.deliver(client, b"x" * 100)
            server.pass_time(7)

        assert (await client.read()).startswith(b"HTTP/1.1 408 ")

    async def test_a_slow_body_that_moves_has_more_time(self, server: Server) -> None:
        client = await server.connect(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
        )

        for _ in range(5):
            await server.deliver(client, b"x" * 20_000)
            server.pass_time(20)

        assert (await client.answer()).startswith(b"HTTP/1.1 200 ")

    async def test_no_body_takes_longer_than_five_minutes(self, server: Server) -> None:
        client = await server.connect(UPLOAD)

        for _ in range(11):
            await server.deliver(client, b"x" * 40_000)
            server.pass_time(BODY_SECONDS / 10)

        assert (await client.read()).startswith(b"HTTP/1.1 408 ")

    async def test_the_rest_of_a_body_is_discarded_after_an_early_answer(
        self, start: Start
    ) -> None:
        async def refuse(scope: Any, receive: Any, send: Any) -> None:
            await answer(send, b"no")

        server = await start(refuse)
        client = await server.connect(UPLOAD)
        assert (await client.answer()).startswith(b"HTTP/1.1 200 ")

        await server.deliver(client, b"x" * 1_000_000)
        server.pass_time(DISCARD_SECONDS)
        assert len(server.connections) == 1
        server.pass_time(1)

        assert await client.read() == b"no"


class TestAnswer:
    async def test_an_answer_that_is_never_read_is_given_up(self, start: Start) -> None:
        async def large(scope: Any, receive: Any, send: Any) -> None:
            await answer(send, b"x" * LARGE)

        server = await start(large)
        client = await server.connect(GET)
        client._writer.transport.pause_reading()  # type: ignore[attr-defined]
        await eventually("an answer", lambda: server.connections[0]._unanswered == 0)
        before = closed_for("answer")

        server.pass_time(STALL_SECONDS + 2)

        await eventually("the end", lambda: not server.connections)
        assert closed_for("answer") == before + 1

    async def test_an_answer_that_the_server_takes_long_for_is_waited_for(
        self, start: Start
    ) -> None:
        go_on = asyncio.Event()

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            await go_on.wait()
            await answer(send, b"late")

        server = await start(slow)
        client = await server.connect(GET)

        server.pass_time(600)
        go_on.set()

        assert (await client.answer()).startswith(b"HTTP/1.1 200 ")


class TestCeilings:
    async def test_the_one_that_has_waited_longest_makes_room(
        self, server: Server
    ) -> None:
        first, *others = [await server.connect() for _ in range(3)]
        before = closed_for("made_room")

        last = await self._connect_above(server)

        assert await first.read() == b""
        assert closed_for("made_room") == before + 1
        for client in (*others, last):
            await server.deliver(client, GET)
            assert (await client.answer()).startswith(b"HTTP/1.1 200 ")

    async def test_a_caller_that_has_signed_in_stays_longer(self, start: Start) -> None:
        async def sign_in(scope: Any, receive: Any, send: Any) -> None:
            scope["state"][CONNECTION].user_id = 7
            await answer(send, b"")

        server = await start(sign_in)
        known = await server.connect(GET)
        await known.answer()
        stranger = await server.connect()
        await server.connect()

        await self._connect_above(server)

        assert await stranger.read() == b""
        known.send(GET)
        assert (await known.answer()).startswith(b"HTTP/1.1 200 ")

    async def test_a_connection_is_refused_while_all_others_are_served(
        self, start: Start
    ) -> None:
        go_on = asyncio.Event()

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            await go_on.wait()
            await answer(send, b"late")

        server = await start(slow)
        served = [await server.connect(GET) for _ in range(3)]
        before = CONNECTIONS_REFUSED.labels("address")._value.get()

        refused = await self._connect_above(server)

        assert (await refused.read()).startswith(b"HTTP/1.1 503 ")
        assert CONNECTIONS_REFUSED.labels("address")._value.get() == before + 1
        go_on.set()
        for client in served:
            assert (await client.answer()).startswith(b"HTTP/1.1 200 ")

    async def _connect_above(self, server: Server) -> Client:
        address = server._listener.sockets[0].getsockname()
        client = Client(*await asyncio.open_connection(*address))
        server._clients.append(client)
        return client
