"""Wake-ups: hints to workers that there is work. They carry no truth.

A lost wake-up costs one poll interval, a redundant one costs a query. So sending never
blocks and never fails, and wake-ups in quick succession are merged into one.
"""

import threading
import time
from collections.abc import Callable

from django.conf import settings

from agentarium.core.outages import Outage

WAKE_JOB = "agentarium.wake"
WAKE_EXCHANGE = "agentarium.wake"
# A message costs its sender and each worker a millisecond: requests within this time
# share one.
MIN_INTERVAL_SECONDS = 0.05
# The pause after one that could not be sent. Workers poll meanwhile.
RETRY_SECONDS = 1.0

_listeners: list[Callable[[], None]] = []


def on_wake(listener: Callable[[], None]) -> None:
    """Call `listener` at each wake-up of this process, from any thread."""
    _listeners.append(listener)


def off_wake(listener: Callable[[], None]) -> None:
    _listeners.remove(listener)


def wake_here() -> None:
    """Wake the runner of this process, if there is one."""
    for listener in _listeners:
        listener()


def wake_workers() -> None:
    """Wake all workers: in this process and, with a broker, in every other one."""
    wake_here()
    if settings.BROKER_URL:
        _Sender.shared().send()


class _Sender:
    """Sends wake-ups from its own thread, so that an unreachable broker blocks no one."""

    _shared: "_Sender | None" = None
    _lock = threading.Lock()

    def __init__(self) -> None:
        self._is_due = threading.Event()
        self._outage = Outage("broker", "sending wake-ups")
        self._thread = threading.Thread(target=self._run, name="wake", daemon=True)
        self._thread.start()

    @classmethod
    def shared(cls) -> "_Sender":
        """The sender of this process; a new one if an error ended its thread."""
        with cls._lock:
            if cls._shared is None or not cls._shared._thread.is_alive():
                cls._shared = cls()
            return cls._shared

    def send(self) -> None:
        self._is_due.set()

    def _run(self) -> None:
        # Slow to import, and not needed without a broker.
        from kombu.exceptions import OperationalError

        while True:
            # During an outage, also without a reason: otherwise an idle process would not
            # notice its end.
            self._is_due.wait(RETRY_SECONDS if self._outage.is_on else None)
            self._is_due.clear()
            try:
                _publish()
            except (OperationalError, OSError) as error:
                self._outage.begin(error)
                time.sleep(RETRY_SECONDS)
            else:
                self._outage.end()
            time.sleep(MIN_INTERVAL_SECONDS)


def _publish() -> None:
    from celery import current_app
    from kombu import Exchange

    current_app.send_task(
        WAKE_JOB,
        exchange=WAKE_EXCHANGE,
        routing_key=WAKE_EXCHANGE,
        # Each sender declares the exchange: Celery would create a direct one instead.
        declare=[Exchange(WAKE_EXCHANGE, type="fanout")],
        retry=False,
        ignore_result=True,
    )
