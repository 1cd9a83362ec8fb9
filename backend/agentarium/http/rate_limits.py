"""Rate limits: requests are counted in fixed time windows.

The rates are settings (`THROTTLE_RATES`), and a token may have a lower one. Which rates a
request counts against is decided in `accounts/api/throttles.py` (by user, token or
address) and `accounts/login_attempts.py` (sign-in). Both call `spend`, refuse the request
if the allowance is exceeded, and `remember` it for the `RateLimit-*` headers.
`rate_counters.py` counts.
"""

import math
import re
import time
from collections.abc import Callable
from typing import NamedTuple, Self

from django.http import HttpRequest, HttpResponse

from agentarium.http.rate_counters import Counter, count

_FORM = re.compile(r"([1-9]\d{0,6})/(s|sec|second|m|min|minute|h|hour|d|day)")
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

    def is_above(self, other: "Rate") -> bool:
        """Whether it allows more requests than `other`, averaged over time."""
        return self.limit * other.seconds > other.limit * self.seconds


class Bucket(NamedTuple):
    """What is counted, such as the requests of one user, and how many are allowed."""

    name: str
    rate: Rate


class Allowance(NamedTuple):
    """What is left of a rate after this request. `resets_in` is in seconds."""

    limit: int
    remaining: int
    resets_in: int
    is_exceeded: bool


def spend(*buckets: Bucket) -> Allowance:
    """Count one request in each bucket, in order, until one of them is exceeded.

    Returns the allowance of the exceeded one, otherwise the one with the least left.
    It is one atomic operation.
    """
    now = time.time()
    counts = count([_counter(bucket, now) for bucket in buckets])
    allowances = [
        _allowance(bucket.rate, used, now)
        for bucket, used in zip(buckets, counts, strict=False)
    ]
    return min(allowances, key=lambda each: (not each.is_exceeded, each.remaining))


def _counter(bucket: Bucket, now: float) -> Counter:
    rate = bucket.rate
    window = int(now // rate.seconds)
    key = f"rate:{bucket.name}:{rate.seconds}:{window}"
    return Counter(key, limit=rate.limit, seconds=2 * rate.seconds)


def _allowance(rate: Rate, used: int, now: float) -> Allowance:
    resets_in = math.ceil(rate.seconds - now % rate.seconds)
    return Allowance(
        rate.limit, max(rate.limit - used, 0), resets_in, used > rate.limit
    )


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
