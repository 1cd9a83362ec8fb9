"""A request waits for Redis once in an outage, and no request finds out that it is over."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from structlog.testing import capture_logs
from structlog.typing import EventDict

from agentarium.core import redis_circuit
from agentarium.core.outages import uses_out_of_order
from agentarium.core.redis_circuit import RedisCircuit
from agentarium.tests.eventually import eventually_sync

pytestmark = pytest.mark.usefixtures("no_outages")

USE = "rate limits"


class FakeRedis:
    """Fails while `error` is set; records the threads that call it."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.trial_error: Exception | None = None
        self.trial_seconds = 0.0
        self.trials: list[threading.Thread] = []
        self.calls: list[threading.Thread] = []

    def ping(self) -> None:
        self.trials.append(threading.current_thread())
        if error := self.trial_error or self.error:
            raise error

    def set(self, *_: Any, **__: Any) -> None:
        time.sleep(self.trial_seconds)

    def get(self) -> str:
        self.calls.append(threading.current_thread())
        if self.error:
            raise self.error
        return "found"


@pytest.fixture
def redis(monkeypatch: pytest.MonkeyPatch) -> FakeRedis:
    fake = FakeRedis()
    monkeypatch.setattr(Redis, "from_url", lambda *args, **options: fake)
    return fake


@pytest.fixture
def logs() -> Iterator[list[EventDict]]:
    with capture_logs() as lines:
        yield lines


@pytest.fixture
def circuit(redis: FakeRedis) -> Iterator[RedisCircuit]:
    circuit = RedisCircuit("redis://one", used_for=USE)
    yield circuit
    circuit.close()


@pytest.fixture
def retrying(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_circuit, "RETRY_SECONDS", 0.01)


@pytest.fixture
def never_retrying(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_circuit, "RETRY_SECONDS", 3600)


def get(client: Any) -> str:
    return str(client.get())


def events(logs: list[EventDict]) -> list[str]:
    return [line["event"] for line in logs]


def failures() -> list[Exception]:
    return [RedisConnectionError("refused"), RedisTimeoutError("silent"), OSError("no")]


@pytest.mark.usefixtures("never_retrying")
class TestFirstFailure:
    @pytest.mark.parametrize("error", failures(), ids=str)
    def test_is_the_only_call_and_the_only_line(
        self,
        circuit: RedisCircuit,
        redis: FakeRedis,
        logs: list[EventDict],
        error: Exception,
    ) -> None:
        circuit.call(get)
        redis.error = error

        found = [circuit.call(get) for _ in range(20)]

        eventually_sync("the outage", lambda: uses_out_of_order("redis") == [USE])
        assert found == [None] * 20
        assert len(redis.calls) == 2
        assert events(logs) == ["service.unavailable"]

    def test_to_connect_is_noticed_without_a_call(
        self, circuit: RedisCircuit, redis: FakeRedis, logs: list[EventDict]
    ) -> None:
        redis.error = RedisConnectionError("refused")

        assert [circuit.call(get) for _ in range(3)] == [None] * 3
        assert redis.calls == []
        assert events(logs) == ["service.unavailable"]


@pytest.mark.usefixtures("retrying")
class TestRecovery:
    def test_no_caller_tries_whether_it_is_back(
        self, circuit: RedisCircuit, redis: FakeRedis
    ) -> None:
        circuit.call(get)
        redis.error = RedisTimeoutError("silent")
        circuit.call(get)
        calls = len(redis.calls)
        eventually_sync("trials", lambda: len(redis.trials) > 5)
        found = circuit.call(get)

        assert (found, len(redis.calls)) == (None, calls)
        assert threading.current_thread() not in redis.trials

    def test_is_noticed_and_logged_once(
        self, circuit: RedisCircuit, redis: FakeRedis, logs: list[EventDict]
    ) -> None:
        circuit.call(get)
        redis.error = RedisTimeoutError("silent")
        circuit.call(get)
        eventually_sync("the outage", lambda: uses_out_of_order("redis"))
        redis.error = None

        eventually_sync("its end", lambda: circuit.call(get) == "found")

        assert uses_out_of_order("redis") == []
        assert events(logs) == ["service.unavailable", "service.available"]

    def test_a_redis_that_answers_slowly_stays_away(
        self,
        circuit: RedisCircuit,
        redis: FakeRedis,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(redis_circuit, "TRIAL_SECONDS", 0.0)
        circuit.call(get)
        eventually_sync("trials", lambda: len(redis.trials) > 3)

        assert circuit.call(get) is None
        assert redis.calls == []

    def test_other_errors_of_a_trial_do_not_end_the_trials(
        self, circuit: RedisCircuit, redis: FakeRedis
    ) -> None:
        redis.trial_error = TypeError("an unknown option in the URL")
        circuit.call(get)
        eventually_sync("trials", lambda: len(redis.trials) > 3)
        redis.trial_error = None

        eventually_sync("its end", lambda: circuit.call(get) == "found")


@pytest.mark.usefixtures("never_retrying")
def test_a_lost_connection_is_no_outage(
    circuit: RedisCircuit,
    redis: FakeRedis,
    logs: list[EventDict],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    circuit.call(get)
    # The last trial was long ago.
    circuit._tried_at = float("-inf")
    redis.error = RedisConnectionError("closed by the server")
    redis.trials.clear()
    ping = redis.ping

    def heal() -> None:
        redis.error = None
        ping()

    monkeypatch.setattr(redis, "ping", heal)
    circuit.call(get)

    eventually_sync("the next connection", lambda: circuit.call(get) == "found")
    assert events(logs) == []


@pytest.mark.usefixtures("never_retrying")
def test_a_failure_soon_after_a_trial_waits_for_the_next_one(
    circuit: RedisCircuit, redis: FakeRedis
) -> None:
    """Otherwise a Redis that is quick in trials and slow in calls would cost each request."""
    circuit.call(get)
    trials = len(redis.trials)
    redis.error = RedisTimeoutError("silent")
    circuit.call(get)
    redis.error = None

    eventually_sync("the outage", lambda: uses_out_of_order("redis"))
    assert [circuit.call(get) for _ in range(5)] == [None] * 5
    assert len(redis.trials) == trials


@pytest.mark.usefixtures("never_retrying")
def test_others_do_not_wait_for_a_slow_call(circuit: RedisCircuit) -> None:
    circuit.call(get)
    began, go_on = threading.Event(), threading.Event()

    def slow(_: Any) -> str:
        began.set()
        go_on.wait(60)
        return "late"

    found: list[str | None] = []
    run: Callable[[], None] = lambda: found.append(circuit.call(slow))  # noqa: E731
    thread = threading.Thread(target=run)
    thread.start()
    began.wait(60)
    others = [circuit.call(get) for _ in range(3)]
    go_on.set()
    thread.join()

    assert (others, found) == ([None] * 3, ["late"])
