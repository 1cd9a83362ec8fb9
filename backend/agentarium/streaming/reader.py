"""A task's event stream: first what is stored, then live messages.

The database is the record, pub/sub only makes it fast: when a message does not directly
continue what the reader has, the reader goes back to the database.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from dataclasses import dataclass

from agentarium.db.threads import CONNECTION_ERRORS
from agentarium.streaming.event_log import StreamEvent, new_deltas
from agentarium.streaming.pubsub import (
    CHANGED,
    Channel,
    DeliveredMessage,
    LocalPubSub,
    Message,
    Subscription,
)
from agentarium.streaming.single_flight import SingleFlightReader
from agentarium.streaming.stream_cursor import StreamCursor

# Without messages, readers query the database at this interval.
POLL_SECONDS = 5.0
# Multiples of it, modulo an interval, are spread evenly over the interval.
GOLDEN_RATIO = 1.618
# A reader that missed a delta waits this long until the text is stored.
BEHIND_SECONDS = 0.1
# The interval of queries while the database is unavailable.
DATABASE_RETRY_SECONDS = 1.0
# Events are joined to chunks of at least this size.
CHUNK_BYTES = 65_536
HEARTBEAT = b": alive\n\n"
OPENING = b"retry: 1000\n\n"


@dataclass(frozen=True, slots=True)
class ReaderUpdate:
    """The bytes that a reader gets, and its cursor after them."""

    chunk: bytes
    cursor: StreamCursor
    is_last: bool


class Reader:
    """The state of one reader: its cursor, and whether it has to query the database."""

    def __init__(self, cursor: StreamCursor) -> None:
        self.cursor = cursor
        self.has_ended = False
        # A message may be missing between the cursor and the next live message.
        self.is_behind = True
        # The missing message is a delta, which may not be stored yet.
        self.is_early = False

    def take(self, entries: Iterable[StreamEvent]) -> Iterator[bytes]:
        """Move the cursor past stored entries; yields them encoded, in chunks.

        A chunk is encoded when the one before it has been sent.
        """
        chunk = bytearray()
        for entry in entries:
            self.cursor = entry.cursor
            chunk += entry.encode()
            if len(chunk) >= CHUNK_BYTES:
                yield bytes(chunk)
                chunk.clear()
        if chunk:
            yield bytes(chunk)

    def take_live(self, messages: Iterable[DeliveredMessage]) -> bytes:
        """Move the cursor past live messages, up to the first gap; returns them encoded."""
        chunks = []
        for message in messages:
            update = _update_at(self.cursor, message)
            if update is None:
                self.is_behind = True
                # A delta is stored a moment after it is published.
                self.is_early = "text" in message
                break
            chunks.append(update.chunk)
            self.cursor, self.has_ended = update.cursor, update.is_last
        return b"".join(chunks)


def _update_at(cursor: StreamCursor, message: DeliveredMessage) -> ReaderUpdate | None:
    """What a message adds at a cursor, encoded once for all readers at it.

    None if something is missing between the cursor and the message.
    """
    if cursor not in message.encoded_by_cursor:
        entries = _entries_after(cursor, message)
        message.encoded_by_cursor[cursor] = (
            None if entries is None else _encode(cursor, entries)
        )
    update: ReaderUpdate | None = message.encoded_by_cursor[cursor]
    return update


def _encode(cursor: StreamCursor, entries: Sequence[StreamEvent]) -> ReaderUpdate:
    if not entries:
        return ReaderUpdate(b"", cursor, is_last=False)
    chunk = b"".join(entry.encode() for entry in entries)
    return ReaderUpdate(chunk, entries[-1].cursor, entries[-1].is_last)


def _entries_after(
    cursor: StreamCursor, message: Message
) -> Sequence[StreamEvent] | None:
    """What a message adds: nothing if it is old, None if there is a gap before it.

    A message of an earlier attempt is old, too: its worker has lost the lease and has
    not noticed yet.
    """
    if message == CHANGED:
        return None
    if "text" in message:
        return _delta_entries(cursor, message)
    return _event_entries(cursor, message)


def _delta_entries(
    cursor: StreamCursor, message: Message
) -> Sequence[StreamEvent] | None:
    """`message`: attempt, seq of the previous event, step, channel, offset, text."""
    position = (message["attempt"], message["seq"])
    here = (cursor.attempt, cursor.seq)
    if position < here:
        return []
    channel, offset = message["channel"], message["offset"]
    if position > here or offset > getattr(cursor, channel):
        return None
    return list(new_deltas(cursor, message["step"], channel, offset, message["text"]))


def _event_entries(
    cursor: StreamCursor, message: Message
) -> Sequence[StreamEvent] | None:
    """`message`: attempt, seq, type, data.

    `data` contains the lengths of the text between the previous event and this one: a
    reader with less has missed deltas.
    """
    position = (message["attempt"], message["seq"])
    here = (cursor.attempt, cursor.seq)
    if position <= here:
        return []
    data = message["data"]
    if (
        position != (here[0], here[1] + 1)
        or cursor.text < data["text_length"]
        or cursor.reasoning < data["reasoning_length"]
    ):
        return None
    return [StreamEvent(message["type"], data, StreamCursor(*position))]


async def follow(
    task_id: int,
    cursor: StreamCursor,
    *,
    pubsub: LocalPubSub,
    log_reader: SingleFlightReader,
) -> AsyncGenerator[bytes, None]:
    """Chunks of server-sent events after `cursor`, until the task has ended."""
    reader = Reader(cursor)
    yield OPENING
    with pubsub.subscribe(Channel.task(task_id)) as subscription:
        while not reader.has_ended:
            if reader.is_behind:
                for chunk in await _catch_up(task_id, reader, log_reader):
                    yield chunk
            else:
                yield await _next_live(task_id, reader, subscription)


async def _catch_up(
    task_id: int, reader: Reader, log_reader: SingleFlightReader
) -> Iterable[bytes]:
    """The next part of the stored log; later changes arrive as messages.

    While the database is unavailable, the reader keeps its cursor and tries again.
    """
    try:
        log = await log_reader.read(task_id, reader.cursor)
    except CONNECTION_ERRORS:
        await asyncio.sleep(DATABASE_RETRY_SECONDS)
        return [HEARTBEAT]
    has_end = bool(log.entries) and log.entries[-1].is_last
    # If the task ended during this read, it is read again: a user may have retried it
    # since, and then it has not ended.
    reader.is_behind = log.has_more or has_end
    reader.has_ended = log.is_complete and (has_end or not log.entries)
    return reader.take(log.entries) if log.entries else [HEARTBEAT]


async def _next_live(task_id: int, reader: Reader, subscription: Subscription) -> bytes:
    messages = await subscription.take(timeout=_seconds_until_poll(task_id))
    if not messages:
        reader.is_behind = True
        return b""
    chunk = reader.take_live(messages)
    if reader.is_behind and reader.is_early and not chunk:
        await asyncio.sleep(BEHIND_SECONDS)
    return chunk


def _seconds_until_poll(task_id: int) -> float:
    """Seconds until the task's next poll: all its readers poll together, and share it.

    Different tasks poll at different times.
    """
    now = asyncio.get_running_loop().time()
    return POLL_SECONDS - (now + task_id * GOLDEN_RATIO) % POLL_SECONDS
