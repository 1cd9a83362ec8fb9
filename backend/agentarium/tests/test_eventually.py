"""`eventually` returns as soon as it can, and never waits forever."""

import asyncio
from itertools import count

import pytest

from agentarium.tests.eventually import eventually, eventually_sync


async def test_returns_the_first_true_value() -> None:
    numbers = count()

    assert await eventually("a number", lambda: next(numbers)) == 1


async def test_awaits_a_condition_that_is_a_coroutine() -> None:
    numbers = count()

    async def next_number() -> int:
        await asyncio.sleep(0)
        return next(numbers)

    assert await eventually("a number", next_number) == 1


async def test_lets_other_tasks_run_while_it_waits() -> None:
    happened = asyncio.Event()
    asyncio.get_running_loop().call_soon(happened.set)

    assert await eventually("the event", happened.is_set)


async def test_names_what_did_not_happen() -> None:
    with pytest.raises(AssertionError, match=r"^Waited 0 s in vain for a miracle\.$"):
        await eventually("a miracle", lambda: False, seconds=0)


def test_works_without_an_event_loop() -> None:
    numbers = count()

    assert eventually_sync("a number", lambda: next(numbers)) == 1
    with pytest.raises(AssertionError, match=r"^Waited 0 s in vain for a miracle\.$"):
        eventually_sync("a miracle", lambda: False, seconds=0)
