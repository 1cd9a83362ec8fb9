"""A reader that never reads, on a real socket of our own server."""

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from wsgiref.types import StartResponse

import pytest
import uvicorn

from agentarium.cli.serving.server import open_socket
from agentarium.server import sending
from agentarium.server.connections.protocol import AbortableProtocol
from agentarium.server.long_response import EventStream, Permit
from agentarium.server.stream_slots import StreamSlots
from agentarium.server.tests.test_asgi import site_of
from agentarium.tests.eventually import eventually

CHUNK = b"x" * 65_536


async def endless() -> AsyncGenerator[bytes, None]:
    while True:
        yield CHUNK


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    """Serve on a free port, which it yields."""
    listener = open_socket("127.0.0.1", 0)
    config = uvicorn.Config(
        app, http=AbortableProtocol, lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    await eventually("the server to start", lambda: server.started)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await running


async def test_its_connection_is_closed_and_its_place_is_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sending, "STALL_SECONDS", 0.05)
    slots = StreamSlots()

    def answer(_: dict[str, Any], start: StartResponse) -> EventStream:
        start("200 OK", [])
        return EventStream(follow=endless, permit=Permit(slots.take("alice")))

    async with serving(site_of(answer)) as port:
        with socket.socket() as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.connect(("127.0.0.1", port))
            reader.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await eventually("the stream to begin", lambda: slots.count("alice"))

            await eventually("the end of it", lambda: not slots.count("alice"))

            # Only what the kernel had taken is left, without the end of the body.
            taken = await asyncio.to_thread(_read_to_the_end, reader)
    assert not taken.endswith(b"0\r\n\r\n")


def _read_to_the_end(reader: socket.socket) -> bytes:
    """What arrives until the connection is closed or reset; fails if it stays open."""
    reader.settimeout(10)
    taken = bytearray()
    try:
        while part := reader.recv(65_536):
            taken += part
    except ConnectionResetError:
        pass
    return bytes(taken)
