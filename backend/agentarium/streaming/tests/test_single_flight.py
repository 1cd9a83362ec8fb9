import asyncio
import gc
from collections.abc import Callable
from typing import Any, cast

import pytest
from django.db import InterfaceError, OperationalError
from structlog.testing import capture_logs

from agentarium.db.threads import DatabaseThreads
from agentarium.streaming import reader
from agentarium.streaming.event_log import EventLog
from agentarium.streaming.pubsub import DeliveredMessage, LocalPubSub
from agentarium.streaming.reader import HEARTBEAT, OPENING, Reader, follow
from agentarium.streaming.single_flight import SingleFlightReader
from agentarium.streaming.stream_cursor import StreamCursor
from agentarium.tests.eventually import eventually

EMPTY = EventLog([], is_complete=False, has_more=False)


class CountingThreads:
    """Records reads, and blocks them until `released`.

    The first reads fail with `failures`, the others return `result`.
    """

    def __init__(self) -> None:
        self.reads: list[tuple[Any, ...]] = []
        self.released = asyncio.Event()
        self.failures: list[Exception] = []
        self.result = EMPTY

    async def run(self, _: Callable[..., EventLog], *args: Any) -> EventLog:
        self.reads.append(args)
        await self.released.wait()
        if self.failures:
            raise self.failures.pop(0)
        return self.result


def make_log_reader() -> tuple[SingleFlightReader, CountingThreads]:
    threads = CountingThreads()
    return SingleFlightReader(cast("DatabaseThreads", threads)), threads


async def test_readers_at_the_same_cursor_share_a_read() -> None:
    log_reader, threads = make_log_reader()
    threads.released.set()

    await asyncio.gather(
        log_reader.read(1, StreamCursor(1, 2)),
        log_reader.read(1, StreamCursor(1, 2)),
        log_reader.read(1, StreamCursor(1, 3)),
        log_reader.read(2, StreamCursor(1, 2)),
    )

    assert threads.reads == [
        (1, StreamCursor(1, 2)),
        (1, StreamCursor(1, 3)),
        (2, StreamCursor(1, 2)),
    ]


async def test_a_read_that_has_started_cannot_be_joined() -> None:
    log_reader, threads = make_log_reader()
    first = asyncio.create_task(log_reader.read(1, StreamCursor()))
    await eventually("the read to start", lambda: threads.reads)

    second = asyncio.create_task(log_reader.read(1, StreamCursor()))
    threads.released.set()
    await asyncio.gather(first, second)

    assert len(threads.reads) == 2


async def test_a_cancelled_reader_does_not_cancel_the_read_of_others() -> None:
    log_reader, threads = make_log_reader()
    threads.released.set()
    leaving = asyncio.create_task(log_reader.read(1, StreamCursor()))
    staying = asyncio.create_task(log_reader.read(1, StreamCursor()))
    await asyncio.sleep(0)

    leaving.cancel()

    assert await staying == EMPTY
    assert len(threads.reads) == 1


async def test_a_failed_read_is_logged_once_after_its_readers_have_left() -> None:
    unretrieved: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: unretrieved.append(context)
    )
    log_reader, threads = make_log_reader()
    threads.failures = [OperationalError("gone")]
    leaving = [
        asyncio.create_task(log_reader.read(1, StreamCursor())) for _ in range(3)
    ]
    await eventually("the read to start", lambda: threads.reads)
    for waiting in leaving:
        waiting.cancel()
    await asyncio.wait(leaving)

    with capture_logs() as logs:
        threads.released.set()
        await eventually("the failure", lambda: not threads.failures)
        # One turn of the loop for the read, one for its callback.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    gc.collect()

    assert [(entry["event"], entry["error"]) for entry in logs] == [
        ("event_log.read_failed", "gone")
    ]
    assert unretrieved == []


async def test_a_stream_waits_while_the_database_is_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reader, "DATABASE_RETRY_SECONDS", 0)
    log_reader, threads = make_log_reader()
    threads.released.set()
    threads.failures = [OperationalError("gone"), InterfaceError("closed")]
    threads.result = EventLog([], is_complete=True, has_more=False)

    chunks = [
        chunk
        async for chunk in follow(
            1, StreamCursor(1), pubsub=LocalPubSub(), log_reader=log_reader
        )
    ]

    assert chunks == [OPENING, HEARTBEAT, HEARTBEAT, HEARTBEAT]
    assert threads.reads == [(1, StreamCursor(1))] * 3


def test_a_message_is_encoded_once_for_all_readers_at_the_same_cursor() -> None:
    position = {"attempt": 1, "seq": 0, "step": 1, "channel": "text", "offset": 0}
    message = DeliveredMessage({**position, "text": "Hello"})
    readers = [
        Reader(StreamCursor(1)),
        Reader(StreamCursor(1)),
        Reader(StreamCursor(1, 0, 2)),
    ]

    first, second, ahead = [reader.take_live([message]) for reader in readers]

    assert first == second
    assert b'"Hello"' in first
    assert b'"llo"' in ahead
    assert len(message.encoded_by_cursor) == 2
    assert {reader.cursor for reader in readers} == {StreamCursor(1, 0, 5)}
