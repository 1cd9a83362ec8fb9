"""The proxy between Agentarium and what a chaos run silences."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from agentarium.tests.eventually import eventually

from bench.chaos.proxy import HOST, Proxy
from scripts.services import free_ports


class Client:
    """A connection to a proxy."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, text: bytes) -> bytes:
        self.writer.write(text)
        return await self.reader.read(100)


@asynccontextmanager
async def client_of(proxy: Proxy) -> AsyncIterator[Client]:
    client = Client(*await asyncio.open_connection(HOST, proxy.port))
    try:
        yield client
    finally:
        client.writer.close()
        with suppress(OSError):
            await client.writer.wait_closed()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(100):
            writer.write(data)
    writer.close()


@asynccontextmanager
async def echoing_proxy() -> AsyncIterator[Proxy]:
    server = await asyncio.start_server(echo, HOST, 0)
    proxy = Proxy(server.sockets[0].getsockname()[1])
    await proxy.start()
    yield proxy
    proxy.close()
    await eventually("all to be closed", lambda: not proxy.open_connections)
    server.close()


async def test_passes_on_both_directions_and_the_end() -> None:
    async with echoing_proxy() as proxy, client_of(proxy) as client:
        answer = await client.ask(b"Hi")
        client.writer.write_eof()
        end = await client.reader.read()

    assert (answer, end) == (b"Hi", b"")


async def test_open_connections_go_silent_and_new_ones_work() -> None:
    async with (
        echoing_proxy() as proxy,
        client_of(proxy) as silent,
    ):
        await silent.ask(b"Hi")
        proxy.silence(new_ones_too=False)
        waiting = asyncio.create_task(silent.ask(b"Hello?"))
        async with client_of(proxy) as new:
            answer = await new.ask(b"Hi")
        is_answered = waiting.done()
        proxy.end_silence()
        await asyncio.wait([waiting])

    assert (answer, is_answered) == (b"Hi", False)
    assert has_no_answer(waiting)


async def test_new_connections_go_silent_too_if_wished() -> None:
    async with echoing_proxy() as proxy:
        proxy.silence(new_ones_too=True)
        async with client_of(proxy) as silent:
            waiting = asyncio.create_task(silent.ask(b"Hello?"))
            await eventually("the connection", lambda: proxy.open_connections)
            proxy.end_silence()
            await asyncio.wait([waiting])
        async with client_of(proxy) as new:
            answer = await new.ask(b"Hi")

    assert has_no_answer(waiting)
    assert answer == b"Hi"


async def test_a_connection_to_nothing_is_closed() -> None:
    proxy = Proxy(free_ports(1)[0])
    await proxy.start()
    async with client_of(proxy) as client:
        waiting = asyncio.create_task(client.ask(b"Hello?"))
        await asyncio.wait([waiting])
    proxy.close()

    assert has_no_answer(waiting)


def has_no_answer(asked: "asyncio.Task[bytes]") -> bool:
    """Whether the connection was closed or reset instead."""
    return isinstance(asked.exception(), OSError) or asked.result() == b""
