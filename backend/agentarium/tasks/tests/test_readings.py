import asyncio
from collections.abc import Callable
from typing import Any, cast

from agentarium.core.database_threads import DatabaseThreads
from agentarium.tasks.cursor import Cursor
from agentarium.tasks.live import Delivered
from agentarium.tasks.log import Log
from agentarium.tasks.readings import Readings
from agentarium.tasks.stream import Reader

NOTHING = Log([], is_whole=False, is_cut=False)


class CountingThreads:
    """Counts what is read, and holds each reading until it is let go."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.let_go = asyncio.Event()

    async def run(self, _: Callable[..., Log], *args: Any) -> Log:
        self.asked.append(args)
        await self.let_go.wait()
        return NOTHING


def make_readings() -> tuple[Readings, CountingThreads]:
    threads = CountingThreads()
    return Readings(cast("DatabaseThreads", threads)), threads


async def test_readers_who_are_equally_far_share_a_reading() -> None:
    readings, threads = make_readings()
    threads.let_go.set()

    await asyncio.gather(
        readings.read(1, Cursor(1, 2)),
        readings.read(1, Cursor(1, 2)),
        readings.read(1, Cursor(1, 3)),
        readings.read(2, Cursor(1, 2)),
    )

    assert threads.asked == [(1, Cursor(1, 2)), (1, Cursor(1, 3)), (2, Cursor(1, 2))]


async def test_a_reading_that_has_begun_is_joined_by_nobody() -> None:
    readings, threads = make_readings()
    first = asyncio.create_task(readings.read(1, Cursor()))
    while not threads.asked:
        await asyncio.sleep(0)

    second = asyncio.create_task(readings.read(1, Cursor()))
    threads.let_go.set()
    await asyncio.gather(first, second)

    assert len(threads.asked) == 2


async def test_a_reader_who_leaves_takes_the_reading_from_nobody() -> None:
    readings, threads = make_readings()
    threads.let_go.set()
    leaving = asyncio.create_task(readings.read(1, Cursor()))
    staying = asyncio.create_task(readings.read(1, Cursor()))
    await asyncio.sleep(0)

    leaving.cancel()

    assert await staying == NOTHING
    assert len(threads.asked) == 1


def test_a_message_is_encoded_once_for_all_who_are_equally_far() -> None:
    place = {"attempt": 1, "seq": 0, "step": 1, "channel": "text", "offset": 0}
    message = Delivered({**place, "text": "Hello"})
    readers = [Reader(Cursor(1)), Reader(Cursor(1)), Reader(Cursor(1, 0, 2))]

    first, second, ahead = [reader.take_live([message]) for reader in readers]

    assert first == second
    assert b'"Hello"' in first
    assert b'"llo"' in ahead
    assert len(message.worked_out) == 2
    assert {reader.cursor for reader in readers} == {Cursor(1, 0, 5)}
