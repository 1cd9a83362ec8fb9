"""Rate limits: requests are counted in fixed time windows, in the cache.

The rates are settings (`THROTTLE_RATES`), and a token may have its own. Which rate a
request counts against is decided in `accounts/api/throttles.py` (by user, token or
address) and `accounts/login_attempts.py` (sign-in). Both call `spend`, refuse the request
if the allowance is exceeded, and `remember` it for the `RateLimit-*` headers.
"""

import functools
import math
import re
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Self

import structlog
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

log = structlog.get_logger(__name__)

_FORM = re.compile(r"([1-9]\d{0,6})/(s|sec|second|m|min|minute|h|hour|d|day)")
_COUNT = """
local used = redis.call('INCR', KEYS[1])
if used == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return used
"""
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Rate(NamedTuple):
    """A number of requests in a number of seconds."""

    limit: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a rate such as "30/min". Raises `ValueError`."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a rate: write it like 30/min.")
        return cls(int(match[1]), _SECONDS[match[2][0]])


class Allowance(NamedTuple):
    """What is left of a rate after this request. `resets_in` is in seconds."""

    limit: int
    remaining: int
    resets_in: int
    is_exceeded: bool


def spend(bucket: str, rate: Rate) -> Allowance | None:
    """Count one request in `bucket`. Returns None if the cache is unavailable.

    It is one atomic operation, except for the first request of a window without Redis.
    """
    window, elapsed = divmod(time.time(), rate.seconds)
    key = f"rate:{bucket}:{rate.seconds}:{int(window)}"
    try:
        used = _increment(key, timeout=2 * rate.seconds)
    except _cache_failures() as error:
        # Better no limit than no service.
        log.warning("rate_limits.unavailable", error=type(error).__name__)
        return None
    resets_in = math.ceil(rate.seconds - elapsed)
    return Allowance(
        rate.limit, max(rate.limit - used, 0), resets_in, used > rate.limit
    )


def _increment(key: str, *, timeout: int) -> int:
    if settings.REDIS_URL:
        return _increment_in_redis(key, timeout)
    try:
        return cache.incr(key)
    except ValueError:
        # Of several first requests one adds the counter, and the others increment it.
        return 1 if cache.add(key, 1, timeout) else cache.incr(key)


def _increment_in_redis(key: str, timeout: int) -> int:
    """One round trip. Django's cache takes two, and three for the first request."""
    name = f"{settings.REDIS_PREFIX}:{key}"
    return int(_redis(settings.REDIS_URL).eval(_COUNT, 1, name, timeout))


@functools.cache
def _redis(url: str) -> Any:
    # Slow to import, and not needed in embedded mode.
    from redis import Redis

    # Short timeouts: a request should not wait for a count.
    return Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1)


def _cache_failures() -> tuple[type[Exception], ...]:
    """Imported only after a failure: the client library is slow to import."""
    from redis.exceptions import RedisError

    return (RedisError, OSError)


def remember(request: HttpRequest, allowance: Allowance) -> None:
    """Keep the allowance for the response's headers. The one with the least left wins."""
    known = getattr(request, "rate_allowance", None)
    if known is None or allowance.remaining < known.remaining:
        request.rate_allowance = allowance  # type: ignore[attr-defined]


class RateLimitHeadersMiddleware:
    """Adds `RateLimit-*` headers, which show callers what is left of their rate."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        allowance: Allowance | None = getattr(request, "rate_allowance", None)
        if allowance is not None:
            response["RateLimit-Limit"] = str(allowance.limit)
            response["RateLimit-Remaining"] = str(allowance.remaining)
            response["RateLimit-Reset"] = str(allowance.resets_in)
        return response
