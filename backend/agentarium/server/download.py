"""A body that is generated while it is sent."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import Executor

from django.db import close_old_connections
from django.http import StreamingHttpResponse

# What is made at once of a body that is made bit by bit, if it comes in small ones.
PIECE_BYTES = 65_536


class CutOffError(Exception):
    """The server stops in the middle of a body."""


class Download:
    """A body that is made bit by bit, for a reader who may be slow.

    It holds a thread, and with it a database connection, only while a piece is made.
    """

    def __init__(self, response: StreamingHttpResponse, pool: Executor) -> None:
        self._response = response
        self._pool = pool
        self._bits: Iterator[bytes] = iter(response)
        # A reader may leave while a piece is made.
        self._lock = threading.Lock()

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Each is made when the one before has been taken.

        They take no turns with requests: a long download would hold those up.
        """
        run = asyncio.get_running_loop().run_in_executor
        try:
            while piece := await run(self._pool, self._next):
                yield piece
        finally:
            await run(self._pool, self._close)

    def _next(self) -> bytes:
        piece = bytearray()
        with self._lock:
            try:
                for bit in self._bits:
                    piece += bit
                    if len(piece) >= PIECE_BYTES:
                        break
            finally:
                close_old_connections()
        return bytes(piece)

    def _close(self) -> None:
        with self._lock:
            self._response.close()
