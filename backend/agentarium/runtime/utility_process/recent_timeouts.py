"""Remembers the requests that took too long, so that they are not tried again soon."""

import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

# A machine that was busy may have been the reason, so not for longer.
KEPT_SECONDS = 60.0
MAX_REQUESTS = 1_000
MAX_BYTES = 16_000_000
# Of the answers to one request; it is not remembered if they are longer.
MAX_ANSWER_BYTES = 1_000_000


class _Entry(NamedTuple):
    ends_at: float
    answers: list[Any]
    size: int


class RecentTimeouts:
    """Requests, with what was answered before they took too long. Not thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # The least recently used first.
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._size = 0

    def add(self, key: bytes, answers: list[Any]) -> None:
        self._remove(key)
        size = len(orjson.dumps(answers))
        if size > MAX_ANSWER_BYTES:
            return
        self._entries[key] = _Entry(self._clock() + KEPT_SECONDS, answers, size)
        self._size += size
        while len(self._entries) > MAX_REQUESTS or self._size > MAX_BYTES:
            self._remove(next(iter(self._entries)))

    def find(self, key: bytes) -> list[Any] | None:
        """The answers before the time was over; None if it is not known to take long."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.ends_at < self._clock():
            self._remove(key)
            return None
        self._entries.move_to_end(key)
        return entry.answers

    def _remove(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry:
            self._size -= entry.size


def key_of(request: bytes) -> bytes:
    return blake2b(request, digest_size=16).digest()
