"""Outages of services that Agentarium can do without, such as Redis.

An outage is logged when it begins and when it ends, however often calls fail in between.
`/readyz` and `/metrics` show those that go on.
"""

import threading
import time
import weakref

import structlog

log = structlog.get_logger(__name__)

_lock = threading.Lock()
_known: "weakref.WeakSet[Outage]" = weakref.WeakSet()


class Outage:
    """Whether one use of a service is out of order. Callable from any thread.

    The log has a line when the first use of the service in this process fails, and one when
    all of them work again.
    """

    def __init__(self, service: str, used_for: str) -> None:
        """`service` is one word, in lower case; `used_for` says what suffers."""
        self.service = service
        self.used_for = used_for
        self._began_at: float | None = None
        with _lock:
            _known.add(self)

    @property
    def is_on(self) -> bool:
        return self._began_at is not None

    def begin(self, error: object) -> None:
        """Record a failure, again and again while the outage lasts."""
        if self.is_on:
            return
        with _lock:
            is_first = not _is_out_of_order(self.service)
            self._began_at = time.monotonic()
        if is_first:
            log.warning(
                "service.unavailable",
                service=self.service,
                used_for=self.used_for,
                error=str(error) or type(error).__name__,
            )

    def end(self) -> None:
        """Record a success."""
        if not self.is_on:
            return
        with _lock:
            began_at, self._began_at = self._began_at, None
            is_last = not _is_out_of_order(self.service)
        if is_last and began_at is not None:
            seconds = round(time.monotonic() - began_at, 1)
            log.info(
                "service.available",
                service=self.service,
                used_for=self.used_for,
                after_seconds=seconds,
            )


def _is_out_of_order(service: str) -> bool:
    return any(each.is_on for each in _known if each.service == service)


def uses_out_of_order(service: str) -> list[str]:
    """What suffers from an outage of the service in this process, in alphabetical order."""
    with _lock:
        return sorted(
            {each.used_for for each in _known if each.service == service and each.is_on}
        )


def all_outages() -> dict[tuple[str, str], bool]:
    """(service, use) -> whether it is out of order, of each use in this process."""
    found: dict[tuple[str, str], bool] = {}
    with _lock:
        for each in _known:
            name = (each.service, each.used_for)
            found[name] = found.get(name, False) or each.is_on
    return found
