"""A task's output as one reader sees it: first what is stored, then live.

The database is the record. The pubsub only makes it quick: wherever a message does not
follow exactly on what the reader has, the reader goes back to the record.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass

from agentarium.db.threads import CONNECTION_ERRORS
from agentarium.streaming.event_log import StreamEvent, continued
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

# Where no message comes, readers look into the database by themselves this often.
POLL_SECONDS = 5.0
# Multiples of it are spread evenly over any span.
GOLDEN_RATIO = 1.618
# A reader that is ahead of what is stored, but missed a piece, waits for the record.
BEHIND_SECONDS = 0.1
# While the database is away, it is asked again after so long.
AWAY_SECONDS = 1.0
HEARTBEAT = b": alive\n\n"
OPENING = b"retry: 1000\n\n"


@dataclass(frozen=True, slots=True)
class ReaderUpdate:
    """What a reader is sent, and where it is then."""

    chunk: bytes
    cursor: StreamCursor
    is_last: bool


class Reader:
    """How far one reader is, and what comes next for it."""

    def __init__(self, cursor: StreamCursor) -> None:
        self.cursor = cursor
        self.has_ended = False
        # A live message did not follow on what the reader has.
        self.is_behind = True
        self.is_early = False

    def take(self, entries: Iterable[StreamEvent]) -> bytes:
        """Move on over entries, and encode them."""
        chunks = []
        for entry in entries:
            self.cursor = entry.cursor
            chunks.append(entry.encode())
        return b"".join(chunks)

    def take_live(self, messages: Iterable[DeliveredMessage]) -> bytes:
        """Move on over live messages, as far as they follow on each other."""
        chunks = []
        for message in messages:
            step = self._step_over(message)
            if step is None:
                self.is_behind = True
                # Text that was missed is stored a moment after it was said.
                self.is_early = "text" in message
                break
            chunks.append(step.chunk)
            self.cursor, self.has_ended = step.cursor, step.is_last
        return b"".join(chunks)

    def _step_over(self, message: DeliveredMessage) -> "ReaderUpdate | None":
        """What a message adds, worked out once for all who are as far."""
        if self.cursor not in message.encoded_by_cursor:
            message.encoded_by_cursor[self.cursor] = self._work_out(message)
        step: ReaderUpdate | None = message.encoded_by_cursor[self.cursor]
        return step

    def _work_out(self, message: Message) -> "ReaderUpdate | None":
        entries = self._follow_on(message)
        if entries is None:
            return None
        return ReaderUpdate(
            b"".join(entry.encode() for entry in entries),
            entries[-1].cursor if entries else self.cursor,
            is_last=bool(entries) and entries[-1].is_last,
        )

    def _follow_on(self, message: Message) -> Sequence[StreamEvent] | None:
        """What a message adds: nothing if it is old, None if there is a gap before it.

        One of an earlier attempt is old, too: its worker lost its lease, and does not
        know it yet.
        """
        if message == CHANGED:
            return None
        if "text" in message:
            return self._of_delta(message)
        return self._of_event(message)

    def _of_delta(self, message: Message) -> Sequence[StreamEvent] | None:
        """`message`: attempt, seq of the event before, step, channel, offset, text."""
        position = (message["attempt"], message["seq"])
        here = (self.cursor.attempt, self.cursor.seq)
        if position < here:
            return []
        channel, offset = message["channel"], message["offset"]
        if position > here or offset > getattr(self.cursor, channel):
            return None
        step, text = message["step"], message["text"]
        return list(continued(self.cursor, step, channel, offset, text))

    def _of_event(self, message: Message) -> Sequence[StreamEvent] | None:
        """`message`: attempt, seq, type, data, the last with the lengths of the text
        between the event before and this one."""
        position = (message["attempt"], message["seq"])
        here = (self.cursor.attempt, self.cursor.seq)
        if position <= here:
            return []
        if position != (here[0], here[1] + 1) or self._misses_text(message):
            return None
        return [StreamEvent(message["type"], message["data"], StreamCursor(*position))]

    def _misses_text(self, message: Message) -> bool:
        """Whether the step that this event closes said more than the reader has."""
        data = message["data"]
        text: int = data["text_length"]
        reasoning: int = data["reasoning_length"]
        return self.cursor.text < text or self.cursor.reasoning < reasoning


async def follow(
    task_id: int,
    cursor: StreamCursor,
    *,
    pubsub: LocalPubSub,
    log_reader: SingleFlightReader,
) -> AsyncGenerator[bytes, None]:
    """Server-sent events from `cursor` on, until the task has ended."""
    reader = Reader(cursor)
    yield OPENING
    with pubsub.subscribe(Channel.task(task_id)) as subscription:
        while not reader.has_ended:
            if reader.is_behind:
                yield await _catch_up(task_id, reader, log_reader)
            else:
                yield await _next_live(task_id, reader, subscription)


async def _catch_up(
    task_id: int, reader: Reader, log_reader: SingleFlightReader
) -> bytes:
    """The next part of the record; what came to pass meanwhile comes live.

    While the database is away the reader keeps what it has, and waits.
    """
    try:
        log = await log_reader.read(task_id, reader.cursor)
    except CONNECTION_ERRORS:
        await asyncio.sleep(AWAY_SECONDS)
        return HEARTBEAT
    has_end = bool(log.entries) and log.entries[-1].is_last
    # An end that came while the log was read has to be read again: it may be none,
    # because somebody has had the task tried again since.
    reader.is_behind = log.is_cut or has_end
    reader.has_ended = log.is_whole and (has_end or not log.entries)
    return reader.take(log.entries) or HEARTBEAT


async def _next_live(task_id: int, reader: Reader, subscription: Subscription) -> bytes:
    messages = await subscription.take(timeout=_until_look(task_id))
    if not messages:
        reader.is_behind = True
        return b""
    chunk = reader.take_live(messages)
    if reader.is_behind and reader.is_early and not chunk:
        await asyncio.sleep(BEHIND_SECONDS)
    return chunk


def _until_look(task_id: int) -> float:
    """Seconds until all readers of the task, together, look into the database.

    Other tasks have other moments.
    """
    now = asyncio.get_running_loop().time()
    return POLL_SECONDS - (now + task_id * GOLDEN_RATIO) % POLL_SECONDS
