"""A connection's transport, to which can be written after its client has left."""

import asyncio
from typing import Any


class LenientTransport:
    """A transport that ignores what is written after its end, as asyncio's own does.

    uvloop raises `RuntimeError` between the end and `connection_lost`, so that the answer
    to a client that leaves in this moment would look like a failure of the server.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        try:
            self._transport.write(data)
        except RuntimeError:
            if not self._transport.is_closing():
                raise
