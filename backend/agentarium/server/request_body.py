"""Bodies of requests while they are received: in memory, or on disk if they are large.

All bodies of a process share one budget of memory and one of disk.
"""

import asyncio
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import structlog

from agentarium.core.exceptions import ServerBusyError
from agentarium.http.body_limits import SMALL_BODY
from agentarium.server.sending import Receive

log = structlog.get_logger(__name__)

MEMORY_BYTES = 64_000_000
DISK_BYTES = 1_000_000_000
# A body beyond this size continues on disk.
MEMORY_BYTES_PER_BODY = 250_000
BUSY_SECONDS = 5


class ClientLeftError(Exception):
    """The client has disconnected before its body was complete."""


class Budget:
    """A number of bytes that many bodies share."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.used = 0

    def take(self, size: int) -> bool:
        """Take that many bytes, if they are left."""
        if self.used + size > self._limit:
            return False
        self.used += size
        return True

    def give_back(self, size: int) -> None:
        self.used -= size


class Bodies:
    """What bodies a process takes: how large by their path, and how many altogether."""

    def __init__(
        self,
        *,
        folder: Path,
        limit_of: Callable[[str], int],
        small: int = SMALL_BODY,
        memory: int = MEMORY_BYTES,
        disk: int = DISK_BYTES,
    ) -> None:
        """`small` bodies are read before the site is asked. `limit_of` takes a path."""
        self.folder = folder
        self.limit_of = limit_of
        self.small = small
        self.memory = Budget(memory)
        self.disk = Budget(disk)

    def new(self) -> "ReceivedBody":
        return ReceivedBody(self)


class ReceivedBody:
    """What has been received of one body. Belongs to one event loop."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._memory = bytearray()
        self._file: IO[bytes] | None = None
        self._is_complete = False
        self.size = 0

    async def receive(self, receive: Receive, *, up_to: int) -> bool:
        """Receive the body; False as soon as it is longer than `up_to` bytes.

        It can be called again with a higher limit. Raises `ClientLeftError`, and
        `ServerBusyError` if there is no room.
        """
        while not self._is_complete and self.size <= up_to:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientLeftError
            await self._add(message.get("body", b""))
            self._is_complete = not message.get("more_body", False)
        return self.size <= up_to

    def open(self) -> IO[bytes]:
        """The whole body, to read it from the beginning."""
        if self._file is None:
            return io.BytesIO(self._memory)
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        """Give back its room; callable more than once."""
        if self._file is None:
            self._bodies.memory.give_back(len(self._memory))
            self._memory = bytearray()
        elif not self._file.closed:
            self._bodies.disk.give_back(self.size)
            self._file.close()

    async def _add(self, part: bytes) -> None:
        if self._file is None and self._fits_in_memory(part):
            self._memory += part
        elif part:
            await self._add_on_disk(part)
        self.size += len(part)

    def _fits_in_memory(self, part: bytes) -> bool:
        is_small = self.size + len(part) <= MEMORY_BYTES_PER_BODY
        return is_small and self._bodies.memory.take(len(part))

    async def _add_on_disk(self, part: bytes) -> None:
        begun = b"" if self._file else bytes(self._memory)
        if not self._bodies.disk.take(len(begun) + len(part)):
            raise _busy()
        try:
            # A disk may be slow, so the event loop does not wait for it.
            await asyncio.to_thread(self._write, begun + part)
        except OSError as error:
            self._bodies.disk.give_back(len(begun) + len(part))
            log.warning("request.body_not_stored", error=str(error))
            raise _busy() from error
        if begun:
            self._bodies.memory.give_back(len(begun))
            self._memory = bytearray()

    def _write(self, data: bytes) -> None:
        file = self._file
        if file is None:
            self._bodies.folder.mkdir(mode=0o700, exist_ok=True)
            # It has no name, so that nothing is left of it after a crash.
            file = tempfile.TemporaryFile(dir=self._bodies.folder)  # noqa: SIM115
        file.write(data)
        file.flush()
        self._file = file


def _busy() -> ServerBusyError:
    return ServerBusyError(retry_after=BUSY_SECONDS)
