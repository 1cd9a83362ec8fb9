"""Wake-ups and the stop request of a runner."""

import asyncio
from contextlib import suppress


class RunnerSignals:
    """What a runner was asked to do. Belongs to its event loop.

    `woken` is for the claims: set it when there may be a task and a free slot.
    """

    def __init__(self) -> None:
        self.woken = asyncio.Event()
        self.is_stopping = False
        self._changed = asyncio.Event()

    def wake(self) -> None:
        """There may be a task to claim, or a running one to stop."""
        self.woken.set()
        self._changed.set()

    def stop(self) -> None:
        self.is_stopping = True
        self.wake()

    async def wait_for_change(self, seconds: float) -> None:
        """Wait for the next `wake`, for at most `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()
