"""How many streams and downloads each caller has open in this process."""

import threading
from collections import Counter
from collections.abc import Hashable
from queue import SimpleQueue

from django.conf import settings

from agentarium.core.exceptions import TooManyRequestsError

# `Retry-After` of the refusal. The place of a reader that has left is free immediately.
RETRY_AFTER_SECONDS = 10


class TooManyStreamsError(TooManyRequestsError):
    """Too many of your streams and downloads are open. Close some, then try again."""

    code = "too_many_streams"


class StreamSlots:
    """Counts open streams and downloads by their holder. Callable from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[Hashable] = Counter()
        # Slots are also released by the garbage collector, at any instant and in any
        # thread: it may put, and must not wait for a lock.
        self._released: SimpleQueue[Hashable] = SimpleQueue()

    def take(self, holder: Hashable) -> "StreamSlot":
        """Count one more for `holder`. Raises `TooManyStreamsError`."""
        limit = settings.MAX_STREAMS_PER_USER
        with self._lock:
            self._subtract_released()
            if limit and self._counts[holder] >= limit:
                raise TooManyStreamsError(
                    f"{limit} of your streams and downloads are open on this server. "
                    "Close some, then try again.",
                    retry_after=RETRY_AFTER_SECONDS,
                )
            self._counts[holder] += 1
        return StreamSlot(self._released, holder)

    def count(self, holder: Hashable) -> int:
        """The number of open streams and downloads of `holder`."""
        with self._lock:
            self._subtract_released()
            return self._counts[holder]

    def _subtract_released(self) -> None:
        while not self._released.empty():
            holder = self._released.get_nowait()
            self._counts[holder] -= 1
            if not self._counts[holder]:
                del self._counts[holder]


class StreamSlot:
    """One open stream or download. Releasing it again does nothing.

    A slot that is lost is released, too: no failure on the way from the view to the
    event loop may take it from its holder for good.
    """

    def __init__(self, released: SimpleQueue[Hashable], holder: Hashable) -> None:
        self._released = released
        self._holder = holder
        self._is_released = False

    def release(self) -> None:
        if not self._is_released:
            self._is_released = True
            self._released.put(self._holder)

    def __del__(self) -> None:
        self.release()


SLOTS = StreamSlots()
