"""Readers of event streams that use as little CPU as possible.

Thousands of them run on the same cores as the system that they measure, so each is a
bare protocol that only searches the received bytes for the provider's stamps.
"""

import asyncio
import re
import time
from collections.abc import Iterator
from typing import Self, cast
from urllib.parse import urlsplit

from bench.client import Account

_STAMP = re.compile(rb"@(\d{10}\.\d{6})")
_STAMP_LENGTH = 18
_END = b"event: task.completed"


class Reader(asyncio.Protocol):
    """Reads the stream of one task; `lags` are the seconds from stamp to arrival."""

    def __init__(self, account: Account, task_id: int) -> None:
        self.task_id = task_id
        self.lags: list[float] = []
        self.stamps: list[bytes] = []
        self.is_complete = False
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._account = account
        self._tail = b""

    @classmethod
    async def open(cls, account: Account, task_id: int) -> Self:
        """Connect, and wait for the first events."""
        address = urlsplit(account.url)
        assert address.hostname
        assert address.port
        _, reader = await asyncio.get_running_loop().create_connection(
            lambda: cls(account, task_id), address.hostname, address.port
        )
        await reader.opened
        return reader

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not subclasses of asyncio's.
        cast("asyncio.WriteTransport", transport).write(
            f"GET /api/tasks/{self.task_id}/events/ HTTP/1.1\r\nHost: localhost\r\n"
            "Connection: close\r\nAccept: text/event-stream\r\n"
            f"Authorization: Bearer {self._account.token}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        data = self._tail + data
        for found in _STAMP.finditer(data):
            self.lags.append(now - float(found[1]))
            self.stamps.append(found[0])
        self.is_complete |= _END in data
        # A stamp or the end may be split over two chunks.
        last = max((found.end() for found in _STAMP.finditer(data)), default=0)
        self._tail = data[max(last, len(data) - len(_END) + 1) :]
        if not self.opened.done():
            self.opened.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        for future in (self.opened, self.ended):
            if not future.done():
                future.set_result(None)

    @property
    def text(self) -> str:
        return b"".join(self.stamps).decode()


def verified_lags(readers: list[Reader], outputs: dict[int, str]) -> Iterator[float]:
    """Yield the lags; assert that each reader received the stored output to the end."""
    for reader in readers:
        assert reader.is_complete, f"a reader of task {reader.task_id} saw no end"
        assert reader.text == outputs.get(reader.task_id, reader.text), reader.task_id
        yield from reader.lags
