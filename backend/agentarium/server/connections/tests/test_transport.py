"""What is written to a connection that has just ended."""

import asyncio
from typing import Any

import pytest

from agentarium.server.connections.tests.test_protocol import GET, Clock, Server
from agentarium.server.connections.transport import LenientTransport


class ClosedTransport:
    """As uvloop's is between its end and `connection_lost`."""

    def __init__(self) -> None:
        self.is_closed = False
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        if self.is_closed:
            raise RuntimeError("unable to perform operation; the handler is closed")
        self.written.append(data)

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    abort = close

    def get_extra_info(self, _: str) -> None:
        return None

    def get_write_buffer_size(self) -> int:
        return 0


async def test_an_answer_to_a_client_that_has_just_left_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    closed: Any = ClosedTransport()
    answered = asyncio.Event()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        closed.is_closed = True
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x"})
        answered.set()

    connection = Server(app, Clock())._protocol()
    connection.connection_made(closed)
    connection.data_received(GET)
    await asyncio.wait_for(answered.wait(), 10)

    assert (closed.written, caplog.records) == ([], [])
    connection.connection_lost(None)


def test_a_transport_that_cannot_write_while_it_is_open_is_an_error() -> None:
    class Broken(ClosedTransport):
        def write(self, data: bytes) -> None:
            raise RuntimeError("broken")

    broken: Any = Broken()

    with pytest.raises(RuntimeError):
        LenientTransport(broken).write(b"x")
