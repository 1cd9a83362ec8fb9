"""Wake-ups and the stop request of a runner."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any


class RunnerSignals:
    """What a runner was asked to do. Belongs to its event loop.

    `woken` is for the claims: set it when there may be a task and a free slot.
    """

    def __init__(self) -> None:
        self.woken = asyncio.Event()
        self.stopping = asyncio.Event()
        # Stop without the grace period.
        self.hurrying = asyncio.Event()
        self._changed = asyncio.Event()

    @property
    def is_stopping(self) -> bool:
        return self.stopping.is_set()

    def wake(self) -> None:
        """There may be a task to claim, or a running one to stop."""
        self.woken.set()
        self._changed.set()

    def stop(self) -> None:
        self.stopping.set()
        self.wake()

    def hurry(self) -> None:
        self.hurrying.set()
        self.stop()

    async def wait_for_change(self, seconds: float) -> None:
        """Wait for the next `wake`, for at most `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()


async def wait_for_first(
    *work: Coroutine[Any, Any, object], seconds: float | None = None
) -> None:
    """Wait until one of them is done, for at most `seconds`; then cancel the others."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
