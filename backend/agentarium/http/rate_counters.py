"""The counters of rate limits: in Redis if there is one, else in this process.

While Redis is away or slow, each process counts for itself, so that limits are looser by
the number of processes, and never off.
"""

import functools
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

# The longest that one request waits for Redis to answer.
TIMEOUT_SECONDS = 0.5
# The longest that it waits while another request waits for Redis.
MAX_WAIT_SECONDS = 0.05
# After a failure, Redis is not asked for this long.
RETRY_SECONDS = 5.0
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
    """Counts in one round trip, and stays away from a Redis that does not answer.

    One request at a time talks to Redis. So only that one waits for `TIMEOUT_SECONDS`
    when Redis falls silent, and only one finds out whether it is back.
    """

    def __init__(self, url: str) -> None:
        # Slow to import, and not needed in embedded mode.
        from redis import Redis, RedisError
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        self._client: Any = Redis.from_url(
            url,
            socket_connect_timeout=TIMEOUT_SECONDS,
            socket_timeout=TIMEOUT_SECONDS,
            # A repeated call would count twice, and wait twice.
            retry=Retry(NoBackoff(), 0),
        )
        self._failures = (RedisError, OSError)
        self._turn = threading.Lock()
        self._called_at = 0.0
        self._is_away = False
        self._retry_at = 0.0

    def count(self, counters: Sequence[Counter]) -> list[int] | None:
        """Like `count` of this module; None if Redis is away or slow."""
        if not self._take_turn():
            return None
        try:
            counts = self._call(counters)
        except self._failures as error:
            self._note_failure(error)
            return None
        else:
            self._note_success()
            return counts
        finally:
            self._turn.release()

    def _take_turn(self) -> bool:
        if self._is_resting() or self._is_slow():
            return False
        if not self._turn.acquire(timeout=0 if self._is_away else MAX_WAIT_SECONDS):
            return False
        if self._is_resting():
            # It has failed while this request waited.
            self._turn.release()
            return False
        return True

    def _is_resting(self) -> bool:
        return self._is_away and time.monotonic() < self._retry_at

    def _is_slow(self) -> bool:
        """Whether the current call takes longer than another request would wait."""
        elapsed = time.monotonic() - self._called_at
        return self._turn.locked() and elapsed > MAX_WAIT_SECONDS

    def _call(self, counters: Sequence[Counter]) -> list[int]:
        self._called_at = time.monotonic()
        names = [f"{settings.REDIS_PREFIX}:{counter.key}" for counter in counters]
        limits = [
            number
            for counter in counters
            for number in (counter.seconds, counter.limit)
        ]
        return [*self._client.eval(_COUNT, len(names), *names, *limits)]

    def _note_failure(self, error: Exception) -> None:
        self._retry_at = time.monotonic() + RETRY_SECONDS
        if not self._is_away:
            self._is_away = True
            log.warning("rate_limits.redis_unavailable", error=type(error).__name__)

    def _note_success(self) -> None:
        if self._is_away:
            self._is_away = False
            log.info("rate_limits.redis_available")
