"""A body that is generated while it is sent."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import Executor

from django.db import close_old_connections
from django.http import StreamingHttpResponse

# Smaller parts of a body are joined to chunks of at least this size.
CHUNK_BYTES = 65_536


class CutOffError(Exception):
    """The server stopped in the middle of a body."""


class Download:
    """A body that is generated in chunks, for a reader that may be slow.

    It occupies a thread, and so a database connection, only while a chunk is generated.
    """

    def __init__(self, response: StreamingHttpResponse, pool: Executor) -> None:
        self._response = response
        self._pool = pool
        self._parts: Iterator[bytes] = iter(response)
        # The reader may leave while a chunk is generated.
        self._lock = threading.Lock()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Generate each chunk when the one before it has been taken.

        Chunks do not pass the SQLite gate: a long download would delay requests.
        """
        run = asyncio.get_running_loop().run_in_executor
        try:
            while chunk := await run(self._pool, self._next):
                yield chunk
        finally:
            await run(self._pool, self._close)

    def _next(self) -> bytes:
        chunk = bytearray()
        with self._lock:
            try:
                for part in self._parts:
                    chunk += part
                    if len(chunk) >= CHUNK_BYTES:
                        break
            finally:
                close_old_connections()
        return bytes(chunk)

    def _close(self) -> None:
        with self._lock:
            self._response.close()
