"""A connection to Redis for requests, behind a circuit breaker.

A request waits for one answer of Redis, `ANSWER_SECONDS` at most, and only on a connection
that is known to work. Whatever takes longer (resolving the name, connecting, signing in,
trying whether Redis is back) a thread does that no request waits for, except for the first
connection of a process. So an outage costs one request a quarter of a second.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings

from agentarium.core.outages import Outage

R = TypeVar("R")

# The longest that one request waits for Redis to answer.
ANSWER_SECONDS = 0.25
# The longest that it waits while another request waits for Redis.
MAX_WAIT_SECONDS = 0.05
# A Redis that is this slow is not used.
TRIAL_SECONDS = 0.1
# For each step of connecting.
CONNECT_SECONDS = 2.0
# Between two trials. One request may fail in this time.
RETRY_SECONDS = 5.0


class RedisCircuit:
    """Calls Redis, or does not while it is away, silent or slow.

    One request at a time uses the connection: when Redis falls silent, only that one waits.
    """

    def __init__(self, url: str, *, used_for: str) -> None:
        # Slow to import, and not needed in embedded mode.
        from redis import RedisError

        self._url = url
        self._failures = (RedisError, OSError)
        self._outage = Outage("redis", used_for)
        self._turn = threading.Lock()
        self._called_at = 0.0
        # None before the first connection, and while the circuit is open. Then a thread
        # connects, one at a time.
        self._client: Any = None
        self._has_begun = False
        self._first_trial = threading.Event()
        self._tried_at = float("-inf")
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def call(self, function: Callable[[Any], R]) -> R | None:
        """`function(client)`, which makes one call; None if Redis cannot be used now."""
        if not self._take_turn():
            return None
        try:
            client = self._client or self._connect_first()
            return function(client) if client else None
        except self._failures as error:
            self._open(error)
            return None
        finally:
            self._turn.release()

    def close(self) -> None:
        """Stop trying whether Redis is back."""
        self._closed.set()
        if self._thread:
            self._thread.join()

    def _is_open(self) -> bool:
        return self._has_begun and self._client is None

    def _take_turn(self) -> bool:
        if self._is_open() or self._is_slow():
            return False
        if not self._turn.acquire(timeout=MAX_WAIT_SECONDS):
            return False
        if self._is_open():
            # It has failed while this request waited.
            self._turn.release()
            return False
        self._called_at = time.monotonic()
        return True

    def _is_slow(self) -> bool:
        """Whether the current call takes longer than another request would wait."""
        elapsed = time.monotonic() - self._called_at
        return self._turn.locked() and elapsed > MAX_WAIT_SECONDS

    def _connect_first(self) -> Any:
        self._has_begun = True
        self._start_thread(None)
        self._first_trial.wait(ANSWER_SECONDS)
        return self._client

    def _open(self, error: Exception) -> None:
        self._client = None
        self._start_thread(error)

    def _start_thread(self, error: Exception | None) -> None:
        self._thread = threading.Thread(
            target=self._connect, args=[error], name="redis-circuit", daemon=True
        )
        self._thread.start()

    def _connect(self, error: Exception | None) -> None:
        """Close the circuit as soon as Redis answers quickly.

        A failed call may only have lost its connection. So the first trial comes
        immediately, unless the last one was a moment ago, and only its failure is an
        outage.
        """
        if error and time.monotonic() < self._tried_at + RETRY_SECONDS:
            self._outage.begin(error)
            self._closed.wait(RETRY_SECONDS)
        while not self._closed.is_set():
            self._tried_at = time.monotonic()
            try:
                client = self._tried_client()
            except Exception as failure:  # noqa: BLE001 - whatever it is, it may pass
                self._outage.begin(error or failure)
                self._first_trial.set()
                self._closed.wait(RETRY_SECONDS)
            else:
                self._outage.end()
                self._client = client
                self._first_trial.set()
                return

    def _tried_client(self) -> Any:
        """A client whose connection has just stored something, quickly."""
        from redis import Redis, TimeoutError
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        client: Any = Redis.from_url(
            self._url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            # A repeated call would wait twice, and have its effect twice.
            retry=Retry(NoBackoff(), 0),
        )
        client.ping()
        began_at = time.monotonic()
        client.set(f"{settings.REDIS_PREFIX}:trial", "", px=1000)
        if time.monotonic() - began_at > TRIAL_SECONDS:
            raise TimeoutError("Redis is slow")
        return client
