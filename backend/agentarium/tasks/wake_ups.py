"""Telling workers that there is something to do. It carries no truth.

A wake that is lost costs one poll interval; one too many costs a look. So sending one
never waits, never fails, and many at once become one.
"""

import threading
import time
from collections.abc import Callable

import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

WAKE_JOB = "agentarium.wake"
WAKE_EXCHANGE = "agentarium.wake"
# A message costs its sender and each worker a millisecond: what is asked for in
# between becomes one.
APART_SECONDS = 0.05

_listeners: list[Callable[[], None]] = []


def on_wake(listener: Callable[[], None]) -> None:
    """Have the runner in this process woken. Called from any thread."""
    _listeners.append(listener)


def off_wake(listener: Callable[[], None]) -> None:
    _listeners.remove(listener)


def wake_here() -> None:
    """Have the runner of this process, if there is one, look for tasks."""
    for listener in _listeners:
        listener()


def wake_workers() -> None:
    """Have every worker look for pending tasks, here and behind the broker."""
    wake_here()
    if settings.BROKER_URL:
        _Sender.shared().send()


class _Sender:
    """Sends wakes from a thread of its own: a broker that is away holds up nobody."""

    _shared: "_Sender | None" = None
    _lock = threading.Lock()

    def __init__(self) -> None:
        self._is_due = threading.Event()
        self._thread = threading.Thread(target=self._run, name="wake", daemon=True)
        self._thread.start()

    @classmethod
    def shared(cls) -> "_Sender":
        """The one of this process; another one where an error ended it."""
        with cls._lock:
            if cls._shared is None or not cls._shared._thread.is_alive():
                cls._shared = cls()
            return cls._shared

    def send(self) -> None:
        self._is_due.set()

    def _run(self) -> None:
        # Slow to import, and one process alone does without.
        from celery import current_app
        from kombu import Exchange
        from kombu.exceptions import OperationalError

        # Declared by each sender: undeclared, it would be taken for a direct one.
        everyone = Exchange(WAKE_EXCHANGE, type="fanout")
        while True:
            self._is_due.wait()
            self._is_due.clear()
            try:
                current_app.send_task(
                    WAKE_JOB,
                    exchange=WAKE_EXCHANGE,
                    routing_key=WAKE_EXCHANGE,
                    declare=[everyone],
                    retry=False,
                    ignore_result=True,
                )
            except (OperationalError, OSError) as error:
                log.warning("wake.not_sent", error=str(error))
            time.sleep(APART_SECONDS)
