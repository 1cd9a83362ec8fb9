"""Live output between the processes that execute and those that show.

A pubsub only carries: whatever it drops, a reader finds in the database. So publishing
never waits and never fails, and a reader that fell behind is told to read again.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

# A reader this far behind reads the database instead of a queue.
MAX_QUEUED = 500

Message = dict[str, Any]


class Channel:
    """The names of what can be watched."""

    @staticmethod
    def task(task_id: int) -> str:
        """A task's output."""
        return f"task:{task_id}"

    @staticmethod
    def owner(owner_id: int) -> str:
        """The status of all tasks of one person."""
        return f"owner:{owner_id}"


class DeliveredMessage(dict[str, Any]):
    """A message on its way to all who watch here.

    `encoded_by_cursor` keeps what it adds for a reader, by how far the reader is: most are
    equally far, and it is encoded once for all of them.
    """

    __slots__ = ("encoded_by_cursor",)

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.encoded_by_cursor: dict[Any, Any] = {}


# Something was written that no message tells: look into the database.
CHANGED: Message = {"type": "changed"}


class Subscription:
    """What one reader has not taken yet. Belongs to one event loop."""

    def __init__(self) -> None:
        self._messages: deque[DeliveredMessage] = deque()
        self._arrived = asyncio.Event()
        self._is_behind = False

    def put(self, message: DeliveredMessage) -> None:
        if len(self._messages) < MAX_QUEUED:
            self._messages.append(message)
        else:
            self._is_behind = True
        self._arrived.set()

    def fall_behind(self) -> None:
        """Say that messages may have been missed."""
        self._is_behind = True
        self._arrived.set()

    async def take(self, *, timeout: float) -> list[DeliveredMessage] | None:
        """All messages that are here, waiting up to `timeout` seconds for the first.

        `None` means that the reader has to look into the database.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._arrived.wait()
        except TimeoutError:
            return []
        self._arrived.clear()
        messages, self._messages = list(self._messages), deque()
        if self._is_behind:
            self._is_behind = False
            return None
        return messages


class PubSub(Protocol):
    def publish(self, channel: str, message: Message) -> None:
        """Carry a message to whoever watches the channel. Callable from any thread."""
        ...


class LocalPubSub:
    """Readers in this process. The other end of it lives on one event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._readers: dict[str, set[Subscription]] = defaultdict(set)

    def publish(self, channel: str, message: Message) -> None:
        loop = self._loop
        # Whoever comes to watch after this look reads the database, where it stands.
        if loop is None or loop.is_closed() or channel not in self._readers:
            return
        if _is_running_in(loop):
            self.deliver(channel, message)
        else:
            loop.call_soon_threadsafe(self.deliver, channel, message)

    def deliver(self, channel: str, message: Message) -> None:
        if readers := self._readers.get(channel):
            delivered = DeliveredMessage(message)
            for reader in readers:
                reader.put(delivered)

    def all_behind(self) -> None:
        """Have every reader look into the database: messages may have been missed."""
        for readers in self._readers.values():
            for reader in readers:
                reader.fall_behind()

    @contextmanager
    def subscribe(self, channel: str) -> Iterator[Subscription]:
        """Follow one channel from now on, on the running event loop."""
        self._loop = asyncio.get_running_loop()
        reader = Subscription()
        if not self._readers[channel]:
            self.watch(channel)
        self._readers[channel].add(reader)
        try:
            yield reader
        finally:
            self._readers[channel].discard(reader)
            if not self._readers[channel]:
                del self._readers[channel]
                self.unwatch(channel)

    def watch(self, channel: str) -> None:
        """The first reader of a channel came. Nothing to do in one process."""

    def unwatch(self, channel: str) -> None:
        """The last reader of a channel left."""

    async def run(self) -> None:
        """Carry messages from other processes, for as long as this one serves."""


def _is_running_in(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
