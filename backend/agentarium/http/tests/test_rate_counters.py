"""Limits hold while Redis is away, and no request but one waits for it."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from structlog.testing import capture_logs

from agentarium.http import rate_counters
from agentarium.http.rate_counters import (
    RETRY_SECONDS,
    Counter,
    MemoryCounters,
    RedisCounters,
    count,
)
from agentarium.http.rate_limits import Bucket, Rate, spend

HOUR = Rate(2, 3600)


class FakeRedis:
    """Counts its calls; fails while `is_away`."""

    def __init__(self) -> None:
        self.is_away = True
        self.calls = 0

    def eval(self, script: str, size: int, *values: Any) -> list[int]:
        self.calls += 1
        if self.is_away:
            raise RedisConnectionError
        return [7] * size


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def fake_redis(monkeypatch: pytest.MonkeyPatch) -> FakeRedis:
    fake = FakeRedis()
    monkeypatch.setattr(Redis, "from_url", lambda *args, **options: fake)
    return fake


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(rate_counters, "time", clock)
    return clock


@pytest.fixture
def silent_redis(settings: Settings) -> Iterator[socket.socket]:
    """A server that accepts connections and never answers, like a stopped process."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.REDIS_URL = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        yield server


def counter(key: str = "a") -> Counter:
    return Counter(key, limit=9, seconds=60)


def connections(server: socket.socket) -> int:
    """The number of connections that were made, and not accepted yet."""
    server.setblocking(False)
    made = 0
    while True:
        try:
            server.accept()[0].close()
        except BlockingIOError:
            return made
        made += 1


class TestRedisIsAway:
    def test_requests_are_still_limited(self, settings: Settings) -> None:
        # Nothing listens there.
        settings.REDIS_URL = "redis://127.0.0.1:1/0"

        spent = [spend(Bucket("a", HOUR)) for _ in range(4)]

        assert [one.is_exceeded for one in spent] == [False, False, True, True]

    def test_it_is_called_once_and_logged_once(
        self, fake_redis: FakeRedis, clock: Clock
    ) -> None:
        counters = RedisCounters("redis://one")

        with capture_logs() as lines:
            counts = [counters.count([counter()]) for _ in range(20)]

        assert counts == [None] * 20
        assert fake_redis.calls == 1
        assert [line["event"] for line in lines] == ["rate_limits.redis_unavailable"]

    def test_one_request_tries_again_after_a_while(
        self, fake_redis: FakeRedis, clock: Clock
    ) -> None:
        counters = RedisCounters("redis://two")
        with capture_logs() as lines:
            counters.count([counter()])
            clock.now += RETRY_SECONDS
            counters.count([counter()])
            counters.count([counter()])
            calls_while_away = fake_redis.calls
            fake_redis.is_away = False
            clock.now += RETRY_SECONDS
            counts = [counters.count([counter()]) for _ in range(3)]

        assert calls_while_away == 2
        assert counts == [[7]] * 3
        assert [line["event"] for line in lines] == [
            "rate_limits.redis_unavailable",
            "rate_limits.redis_available",
        ]


class TestRedisIsSilent:
    def test_one_of_many_concurrent_requests_waits(
        self, silent_redis: socket.socket
    ) -> None:
        spent: list[bool] = []
        threads = [
            threading.Thread(
                target=lambda: spent.append(spend(Bucket("a", HOUR)).is_exceeded)
            )
            for _ in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(spent) == [False] * 2 + [True] * 18
        assert connections(silent_redis) == 1


def test_the_oldest_counters_in_memory_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rate_counters, "MAX_COUNTERS", 2)
    counters = MemoryCounters()

    counts = [counters.count([counter(key)]) for key in "abbcba"]

    assert counts == [[1], [1], [2], [1], [3], [1]]


class TestSeveralCounters:
    def test_a_refused_request_spends_no_further_ones(self) -> None:
        own, shared = Counter("own", 1, 60), Counter("shared", 9, 60)

        counts = [count([own, shared]) for _ in range(3)]

        assert counts == [[1, 1], [2], [3]]
        assert count([shared]) == [2]
