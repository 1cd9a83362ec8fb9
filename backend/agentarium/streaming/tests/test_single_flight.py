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

NOTHING = EventLog([], is_whole=False, is_cut=False)


class CountingThreads:
    """Counts what is read, and holds each reading until it is let go.

    The first ones fail as they are told to.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.let_go = asyncio.Event()
        self.failures: list[Exception] = []
        self.found = NOTHING

    async def run(self, _: Callable[..., EventLog], *args: Any) -> EventLog:
        self.asked.append(args)
        await self.let_go.wait()
        if self.failures:
            raise self.failures.pop(0)
        return self.found


def make_log_reader() -> tuple[SingleFlightReader, CountingThreads]:
    threads = CountingThreads()
    return SingleFlightReader(cast("DatabaseThreads", threads)), threads


async def test_readers_who_are_equally_far_share_a_reading() -> None:
    log_reader, threads = make_log_reader()
    threads.let_go.set()

    await asyncio.gather(
        log_reader.read(1, StreamCursor(1, 2)),
        log_reader.read(1, StreamCursor(1, 2)),
        log_reader.read(1, StreamCursor(1, 3)),
        log_reader.read(2, StreamCursor(1, 2)),
    )

    assert threads.asked == [
        (1, StreamCursor(1, 2)),
        (1, StreamCursor(1, 3)),
        (2, StreamCursor(1, 2)),
    ]


async def test_a_reading_that_has_begun_is_joined_by_nobody() -> None:
    log_reader, threads = make_log_reader()
    first = asyncio.create_task(log_reader.read(1, StreamCursor()))
    await eventually("the reading to begin", lambda: threads.asked)

    second = asyncio.create_task(log_reader.read(1, StreamCursor()))
    threads.let_go.set()
    await asyncio.gather(first, second)

    assert len(threads.asked) == 2


async def test_a_reader_who_leaves_takes_the_reading_from_nobody() -> None:
    log_reader, threads = make_log_reader()
    threads.let_go.set()
    leaving = asyncio.create_task(log_reader.read(1, StreamCursor()))
    staying = asyncio.create_task(log_reader.read(1, StreamCursor()))
    await asyncio.sleep(0)

    leaving.cancel()

    assert await staying == NOTHING
    assert len(threads.asked) == 1


async def test_a_reading_that_fails_is_told_once_though_its_readers_have_left() -> None:
    unretrieved: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: unretrieved.append(context)
    )
    log_reader, threads = make_log_reader()
    threads.failures = [OperationalError("gone")]
    leaving = [
        asyncio.create_task(log_reader.read(1, StreamCursor())) for _ in range(3)
    ]
    await eventually("the reading to begin", lambda: threads.asked)
    for waiting in leaving:
        waiting.cancel()
    await asyncio.wait(leaving)

    with capture_logs() as told:
        threads.let_go.set()
        await eventually("the failure", lambda: not threads.failures)
        # The failure goes through the reading, and then to whoever listens.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    gc.collect()

    assert [(one["event"], one["error"]) for one in told] == [
        ("reading.failed", "gone")
    ]
    assert unretrieved == []


async def test_a_stream_waits_for_a_database_that_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reader, "AWAY_SECONDS", 0)
    log_reader, threads = make_log_reader()
    threads.let_go.set()
    threads.failures = [OperationalError("gone"), InterfaceError("closed")]
    threads.found = EventLog([], is_whole=True, is_cut=False)

    chunks = [
        chunk
        async for chunk in follow(
            1, StreamCursor(1), pubsub=LocalPubSub(), log_reader=log_reader
        )
    ]

    assert chunks == [OPENING, HEARTBEAT, HEARTBEAT, HEARTBEAT]
    assert threads.asked == [(1, StreamCursor(1))] * 3


def test_a_message_is_encoded_once_for_all_who_are_equally_far() -> None:
    place = {"attempt": 1, "seq": 0, "step": 1, "channel": "text", "offset": 0}
    message = DeliveredMessage({**place, "text": "Hello"})
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
