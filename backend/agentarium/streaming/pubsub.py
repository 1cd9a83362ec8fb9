"""Live output: from the runner that executes a task to the readers of its stream.

Pub/sub carries no truth: a reader finds every dropped message in the database. So
publishing never blocks and never fails, and a reader that missed messages re-reads the
log.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

# Messages queued for a reader, and their characters; beyond that, it reads the database
# instead.
MAX_QUEUED = 500
MAX_QUEUED_CHARS = 2**18

Message = dict[str, Any]


class Channel:
    """The names of channels."""

    @staticmethod
    def task(task_id: int) -> str:
        """The events and deltas of a task."""
        return f"task:{task_id}"

    @staticmethod
    def owner(owner_id: int) -> str:
        """The status changes of all tasks of a user."""
        return f"owner:{owner_id}"


class DeliveredMessage(dict[str, Any]):
    """A message for all readers of a channel in this process.

    `encoded_by_cursor` caches its encoded form by the cursor of the reader: most readers
    are at the same cursor, and share it. `chars` is the length of the text in it.
    """

    __slots__ = ("chars", "encoded_by_cursor")

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.chars = _chars(message)
        self.encoded_by_cursor: dict[Any, Any] = {}


def _chars(message: Message) -> int:
    parts = [message, message.get("data", {})]
    return sum(
        len(each) for part in parts for each in part.values() if isinstance(each, str)
    )


# Something was stored that no message contains: readers query the database.
CHANGED: Message = {"type": "changed"}


class Subscription:
    """The queue of messages of one reader. Belongs to one event loop."""

    def __init__(self) -> None:
        self._messages: deque[DeliveredMessage] = deque()
        self._chars = 0
        self._arrived = asyncio.Event()
        self._is_behind = False

    def put(self, message: DeliveredMessage) -> None:
        if self._is_behind:
            return
        if self._has_room_for(message):
            self._messages.append(message)
            self._chars += message.chars
            self._arrived.set()
        else:
            self.mark_behind()

    def _has_room_for(self, message: DeliveredMessage) -> bool:
        """An empty queue has room for every message."""
        return not self._messages or (
            len(self._messages) < MAX_QUEUED
            and self._chars + message.chars <= MAX_QUEUED_CHARS
        )

    def mark_behind(self) -> None:
        """Record that messages may have been missed: the reader queries the database.

        So it needs none of those that are queued.
        """
        self._is_behind = True
        self._messages.clear()
        self._arrived.set()

    async def take(self, *, timeout: float) -> list[DeliveredMessage] | None:
        """All queued messages, waiting up to `timeout` seconds for the first.

        Returns an empty list after the timeout, and None if messages may have been missed.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._arrived.wait()
        except TimeoutError:
            return []
        self._arrived.clear()
        messages, self._messages = list(self._messages), deque()
        self._chars = 0
        if self._is_behind:
            self._is_behind = False
            return None
        return messages


class PubSub(Protocol):
    def publish(self, channel: str, message: Message) -> None:
        """Send a message to the channel's readers. Callable from any thread."""
        ...


class LocalPubSub:
    """Delivers messages to readers in this process, which live on one event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._readers: dict[str, set[Subscription]] = defaultdict(set)

    def publish(self, channel: str, message: Message) -> None:
        loop = self._loop
        # A reader that subscribes after this check reads the database first.
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

    def mark_all_behind(self) -> None:
        """Make every reader query the database: messages may have been missed."""
        for readers in self._readers.values():
            for reader in readers:
                reader.mark_behind()

    @contextmanager
    def subscribe(self, channel: str) -> Iterator[Subscription]:
        """Subscribe to a channel, on the running event loop."""
        self._loop = asyncio.get_running_loop()
        reader = Subscription()
        if not self._readers[channel]:
            self.open_channel(channel)
        self._readers[channel].add(reader)
        try:
            yield reader
        finally:
            self._readers[channel].discard(reader)
            if not self._readers[channel]:
                del self._readers[channel]
                self.close_channel(channel)

    def open_channel(self, channel: str) -> None:
        """Called for a channel's first reader. Nothing to do within one process."""

    def close_channel(self, channel: str) -> None:
        """Called when a channel's last reader has left."""

    async def run(self) -> None:
        """Exchange messages with other processes until cancelled."""


def _is_running_in(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
