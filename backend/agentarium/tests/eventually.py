"""Waiting in tests for what another thread, task or process is about to do."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, TypeVar, overload

T = TypeVar("T")

# Far more than anything takes on a busy machine: only a failing test waits this long.
DEADLINE_SECONDS = 30.0
POLL_SECONDS = 0.01


@overload
async def eventually(
    what: str, condition: Callable[[], Awaitable[T | None]], *, seconds: float = ...
) -> T: ...


@overload
async def eventually(
    what: str, condition: Callable[[], T | None], *, seconds: float = ...
) -> T: ...


async def eventually(
    what: str, condition: Callable[[], Any], *, seconds: float = DEADLINE_SECONDS
) -> Any:
    """Wait until `condition` is true, and return its value.

    `what` completes the sentence "Waited 30 s in vain for ...".
    """
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return found
        if time.monotonic() >= deadline:
            _expire(what, seconds)
        await asyncio.sleep(POLL_SECONDS)


def eventually_sync(
    what: str, condition: Callable[[], T | None], *, seconds: float = DEADLINE_SECONDS
) -> T:
    """`eventually` for tests without an event loop."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() >= deadline:
            _expire(what, seconds)
        time.sleep(POLL_SECONDS)
    return found


def _expire(what: str, seconds: float) -> NoReturn:
    raise AssertionError(f"Waited {seconds:g} s in vain for {what}.")
