"""Bodies of requests while they are received: in memory, or on disk if they are large.

All bodies of a process share one budget of memory and one of disk, of which each caller
has a part at most.
"""

import asyncio
import io
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import IO

import structlog

from agentarium.core.exceptions import ServerBusyError, TooManyRequestsError
from agentarium.http.body_limits import SMALL_BODY
from agentarium.server.sending import Receive

log = structlog.get_logger(__name__)

MEMORY_BYTES = 64_000_000
DISK_BYTES = 1_000_000_000
# A body beyond this size continues on disk.
MEMORY_BYTES_PER_BODY = 250_000
# Of each budget, for the bodies of one user or address.
SHARE_OF_CALLER = 0.25
BUSY_SECONDS = 5


class ClientLeftError(Exception):
    """The client has disconnected before its body was complete."""


class TooManyBodiesError(TooManyRequestsError):
    """Too many of your large requests are being received. Try again in a few seconds."""

    code = "too_many_bodies"


class Budget:
    """A number of bytes that many bodies share."""

    def __init__(self, limit: int, *, share: float = 1.0) -> None:
        """`share` is the part of it that one caller may use."""
        self._limit = limit
        self._limit_of_caller = limit * share
        self.used = 0
        self._used_by: Counter[str] = Counter()

    def take(self, size: int, caller: str) -> bool:
        """Take that many bytes, if they are left."""
        if self.used + size > self._limit or self.is_over_share(size, caller):
            return False
        self._add(size, caller)
        return True

    def is_over_share(self, size: int, caller: str) -> bool:
        """Whether the caller has to wait for its own bodies rather than for others'."""
        return self._used_by[caller] + size > self._limit_of_caller

    def give_back(self, size: int, caller: str) -> None:
        self._add(-size, caller)

    def move(self, size: int, caller: str, *, to: str) -> None:
        """Count bytes that were taken as those of another caller."""
        self._add(-size, caller)
        self._add(size, to)

    def _add(self, size: int, caller: str) -> None:
        self.used += size
        self._used_by[caller] += size
        if not self._used_by[caller]:
            del self._used_by[caller]


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
        share: float = SHARE_OF_CALLER,
    ) -> None:
        """`small` bodies are read before the site is asked. `limit_of` takes a path.

        `share` is the part of `memory` and of `disk` for the bodies of one caller.
        """
        self.folder = folder
        self.limit_of = limit_of
        self.small = small
        self.memory = Budget(memory, share=share)
        self.disk = Budget(disk, share=share)

    def new(self, caller: str) -> "ReceivedBody":
        return ReceivedBody(self, caller)


class ReceivedBody:
    """What has been received of one body. Belongs to one event loop."""

    def __init__(self, bodies: Bodies, caller: str) -> None:
        self._bodies = bodies
        self._caller = caller
        self._memory = bytearray()
        self._file: IO[bytes] | None = None
        self._is_complete = False
        self.size = 0

    def belongs_to(self, caller: str) -> None:
        """Count it as one of this caller, who has been authenticated in the meantime."""
        budget = self._bodies.disk if self._file else self._bodies.memory
        budget.move(self.size, self._caller, to=caller)
        self._caller = caller

    async def receive(self, receive: Receive, *, up_to: int) -> bool:
        """Receive the body; False as soon as it is longer than `up_to` bytes.

        It can be called again with a higher limit. Raises `ClientLeftError`,
        `ServerBusyError` if there is no room, and `TooManyBodiesError` if the caller's
        other bodies take it.
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
            self._bodies.memory.give_back(len(self._memory), self._caller)
            self._memory = bytearray()
        elif not self._file.closed:
            self._bodies.disk.give_back(self.size, self._caller)
            self._file.close()

    async def _add(self, part: bytes) -> None:
        if self._file is None and self._fits_in_memory(part):
            self._memory += part
        elif part:
            await self._add_on_disk(part)
        self.size += len(part)

    def _fits_in_memory(self, part: bytes) -> bool:
        is_small = self.size + len(part) <= MEMORY_BYTES_PER_BODY
        return is_small and self._bodies.memory.take(len(part), self._caller)

    async def _add_on_disk(self, part: bytes) -> None:
        begun = b"" if self._file else bytes(self._memory)
        disk, size = self._bodies.disk, len(begun) + len(part)
        if not disk.take(size, self._caller):
            if disk.is_over_share(size, self._caller):
                raise TooManyBodiesError(retry_after=BUSY_SECONDS)
            raise _busy()
        try:
            # A disk may be slow, so the event loop does not wait for it.
            await asyncio.to_thread(self._write, begun + part)
        except OSError as error:
            disk.give_back(size, self._caller)
            log.warning("request.body_not_stored", error=str(error))
            raise _busy() from error
        if begun:
            self._bodies.memory.give_back(len(begun), self._caller)
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
