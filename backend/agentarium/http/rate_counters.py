"""The counters of rate limits: in Redis if there is one, else in this process.

While Redis is away or slow, each process counts for itself, so that limits are looser by
the number of processes, and never off.
"""

import functools
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.conf import settings

from agentarium.core.redis_circuit import RedisCircuit

# In memory; each is used for one window of time.
MAX_COUNTERS = 100_000
# Stops at the first counter that is over its limit: a refused request spends no more.
_COUNT = """
local counts = {}
for i, key in ipairs(KEYS) do
  local used = redis.call('INCR', key)
  if used == 1 then redis.call('EXPIRE', key, ARGV[2 * i - 1]) end
  counts[i] = used
  if used > tonumber(ARGV[2 * i]) then break end
end
return counts
"""


class Counter(NamedTuple):
    """A named number that may grow to `limit`, and is forgotten after `seconds`."""

    key: str
    limit: int
    seconds: int


def count(counters: Sequence[Counter]) -> list[int]:
    """Increment the counters in order, up to the first one that passes its limit.

    Returns the new values of those that were incremented.
    """
    if settings.REDIS_URL:
        counts = _redis(settings.REDIS_URL).count(counters)
        if counts is not None:
            return counts
    return MEMORY.count(counters)


class MemoryCounters:
    """Counts in this process. The oldest of too many counters are forgotten."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}

    def count(self, counters: Sequence[Counter]) -> list[int]:
        """Like `count` of this module."""
        counts: list[int] = []
        with self._lock:
            for counter in counters:
                used = self._counts.get(counter.key, 0) + 1
                self._counts[counter.key] = used
                counts.append(used)
                if used > counter.limit:
                    break
            while len(self._counts) > MAX_COUNTERS:
                del self._counts[next(iter(self._counts))]
        return counts

    def clear(self) -> None:
        self._counts.clear()


MEMORY = MemoryCounters()


@functools.cache
def _redis(url: str) -> "RedisCounters":
    return RedisCounters(url)


class RedisCounters:
    """Counts in one round trip, while Redis answers in time."""

    def __init__(self, url: str) -> None:
        self._circuit = RedisCircuit(url, used_for="rate limits")

    def count(self, counters: Sequence[Counter]) -> list[int] | None:
        """Like `count` of this module; None if Redis is away or slow."""
        names = [f"{settings.REDIS_PREFIX}:{counter.key}" for counter in counters]
        limits = [
            number
            for counter in counters
            for number in (counter.seconds, counter.limit)
        ]

        def call(client: Any) -> list[int]:
            return [*client.eval(_COUNT, len(names), *names, *limits)]

        return self._circuit.call(call)

    def close(self) -> None:
        self._circuit.close()
