"""Limits hold while Redis is away, and however many counters there are."""

import socket
import threading
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from agentarium.core import redis_circuit
from agentarium.http import rate_counters
from agentarium.http.rate_counters import Counter, MemoryCounters, count
from agentarium.http.rate_limits import Bucket, Rate, spend

HOUR = Rate(2, 3600)


def counter(key: str = "a") -> Counter:
    return Counter(key, limit=9, seconds=60)


@pytest.fixture
def lasting_outage(
    no_outages: None, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> Iterator[None]:
    """An outage that other tests do not see, and whose end is not looked for."""
    monkeypatch.setattr(redis_circuit, "RETRY_SECONDS", 3600)
    yield
    rate_counters._redis(settings.REDIS_URL).close()


@pytest.fixture
def silent_redis(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[socket.socket]:
    """A server that accepts connections and never answers, like a stopped process."""
    monkeypatch.setattr(redis_circuit, "ANSWER_SECONDS", 0.25)
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.REDIS_URL = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        yield server


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


@pytest.mark.usefixtures("lasting_outage")
class TestRedisIsAway:
    def test_requests_are_still_limited(self, settings: Settings) -> None:
        # Nothing listens there.
        settings.REDIS_URL = "redis://127.0.0.1:1/0"

        spent = [spend(Bucket("a", HOUR)) for _ in range(4)]

        assert [one.is_exceeded for one in spent] == [False, False, True, True]

    def test_requests_that_find_it_silent_are_limited_together(
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
