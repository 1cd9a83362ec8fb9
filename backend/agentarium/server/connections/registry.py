"""All connections of clients: who may come in, and who has to go for that.

Above a ceiling, for all or for one address, the connection that has waited longest
without a request makes room: first those of callers that have not signed in. If none
waits, the user who sends the most bodies loses the oldest of them, or the new connection
is refused.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import Protocol

import structlog

from agentarium.observability.metrics import (
    CONNECTIONS_CLOSED,
    CONNECTIONS_OPEN,
    CONNECTIONS_REFUSED,
    labelled,
)

log = structlog.get_logger(__name__)

LOG_SECONDS = 60
# So many bodies of one user arrive to their ends, also when connections are scarce.
BODIES_PER_USER = 10
IPV6_SITE_BITS = 64


class Connection(Protocol):
    """A connection as the registry sees it."""

    address: str
    # Its caller, if one was authenticated for an earlier request.
    user_id: int | None

    @property
    def is_sending_body(self) -> bool: ...

    def give_way(self) -> None:
        """Close it: another one takes its place."""

    def check_time(self, now: float) -> None:
        """Close it if it has kept us waiting for too long."""


Line = dict[Connection, None]


@dataclass(slots=True)
class _Group:
    """Connections that share a ceiling. The ones that wait, longest first."""

    count: int = 0
    strangers: Line = field(default_factory=dict)
    known: Line = field(default_factory=dict)
    # Of users who have signed in: the connections that bodies come over.
    senders: dict[int, Line] = field(default_factory=dict)
    _lines: dict[Connection, Line] = field(default_factory=dict)

    def next_to_go(self) -> Connection | None:
        """The one that has waited longest, of the first line that has any."""
        waiting = next(iter(self.strangers), None) or next(iter(self.known), None)
        if waiting is None and self.senders:
            bodies = max(self.senders.values(), key=len)
            if len(bodies) > BODIES_PER_USER:
                return next(iter(bodies))
        return waiting

    def enter(self, connection: Connection) -> None:
        if connection.user_id is None:
            line = self.strangers
        elif connection.is_sending_body:
            line = self.senders.setdefault(connection.user_id, {})
        else:
            line = self.known
        line[connection] = None
        self._lines[connection] = line

    def leave(self, connection: Connection) -> None:
        line = self._lines.pop(connection, None)
        if line is None:
            return
        del line[connection]
        if not line:
            self.senders = {user: each for user, each in self.senders.items() if each}


class Registry:
    """The open connections of one server, on its event loop."""

    def __init__(
        self,
        *,
        ceiling: int,
        address_ceiling: int | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ceiling = ceiling
        self._address_ceiling = address_ceiling
        self._clock = clock
        self._all = _Group()
        self._by_address: defaultdict[str, _Group] = defaultdict(_Group)
        self._open: set[Connection] = set()
        self._refused = 0
        self._logged_at: float | None = None

    def admit(self, connection: Connection) -> bool:
        """Add a connection, if there is room or room can be made."""
        own = self._by_address[_site(connection.address)]
        if self._address_ceiling and not self._has_room(own, self._address_ceiling):
            return self._refuse("address")
        if not self._has_room(self._all, self._ceiling):
            return self._refuse("ceiling")
        self._open.add(connection)
        self._all.count += 1
        # Making room may have emptied and dropped the group.
        self._by_address[_site(connection.address)].count += 1
        CONNECTIONS_OPEN.set(len(self._open))
        return True

    def remove(self, connection: Connection) -> None:
        """Forget a connection that was closed; callable more than once."""
        if connection not in self._open:
            return
        self.set_waiting(connection, is_waiting=False)
        self._open.discard(connection)
        site = _site(connection.address)
        self._all.count -= 1
        self._by_address[site].count -= 1
        if not self._by_address[site].count:
            del self._by_address[site]
        CONNECTIONS_OPEN.set(len(self._open))

    def set_waiting(self, connection: Connection, *, is_waiting: bool) -> None:
        """Record whether a connection begins to wait for its client, or no longer waits."""
        if connection not in self._open:
            return
        for group in (self._all, self._by_address[_site(connection.address)]):
            group.leave(connection)
            if is_waiting:
                group.enter(connection)

    def check_time(self) -> None:
        """Close the connections that keep us waiting. Call it every second."""
        now = self._clock()
        for connection in tuple(self._open):
            connection.check_time(now)
        self._log_refusals(now)

    def _has_room(self, group: _Group, ceiling: int) -> bool:
        if group.count < ceiling:
            return True
        waiting = group.next_to_go()
        if waiting is None:
            return False
        self.remove(waiting)
        waiting.give_way()
        closed("made_room")
        return True

    def _refuse(self, reason: str) -> bool:
        labelled(CONNECTIONS_REFUSED, reason).inc()
        self._refused += 1
        self._log_refusals(self._clock())
        return False

    def _log_refusals(self, now: float) -> None:
        is_silent = self._logged_at is not None and now - self._logged_at < LOG_SECONDS
        if not self._refused or is_silent:
            return
        log.warning(
            "connections.refused",
            refused=self._refused,
            open=len(self._open),
            ceiling=self._ceiling,
            ceiling_per_address=self._address_ceiling,
        )
        self._refused, self._logged_at = 0, now


def closed(reason: str) -> None:
    """Count a connection that we have closed."""
    labelled(CONNECTIONS_CLOSED, reason).inc()


def _site(address: str) -> str:
    """What counts as one address: of IPv6 the network that a single customer gets."""
    if ":" not in address:
        return address
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    assert isinstance(parsed, IPv6Address)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(int(parsed) >> (128 - IPV6_SITE_BITS))
