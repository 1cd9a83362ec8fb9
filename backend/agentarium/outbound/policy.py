"""Which addresses a request that a user steers may reach. It opens no connections."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Literal, Self

from yarl import URL

from agentarium.outbound.hosts import HostList

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

OutboundCode = Literal[
    "outbound_refused",  # the policy forbids it; nothing was sent
    "outbound_unreachable",  # no such host, no connection, connection lost
    "outbound_timeout",
    "outbound_too_large",
    "outbound_redirects",  # too many redirects
]

MAX_URL_CHARS = 8_192
# In the message about a host that is not on a list.
MAX_SHOWN_HOSTS = 20

# IANA's special-purpose registry. Written out, because the result of Python's `is_global`
# for some of them has changed between patch releases.
_REFUSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        # The metadata services of most clouds.
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        # Azure's metadata and agent service, at an address that looks public.
        "168.63.129.16/32",
    )
)
# Everything else is refused: loopback, link-local, unique local, multicast, IPv4-mapped
# and -compatible, NAT64.
_GLOBAL_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    IPv6Network(network)
    for network in (
        # Teredo and 6to4 embed an IPv4 address.
        "2001::/23",
        "2002::/16",
        "2001:db8::/32",
        "3fff::/20",
    )
)
# Ports whose services may act on lines that an attacker puts into an HTTP request.
_REFUSED_PORTS = frozenset(
    (
        *(1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79),
        *(87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137),
        *(139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532),
        *(540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723),
        *(2049, 3659, 4045, 5060, 5061, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669),
        *(6697, 10080, 11211),
    )
)


class OutboundError(Exception):
    """A request was refused or failed. The text never reveals an internal address.

    `may_have_arrived` says that the server may have received it, and acted on it.
    """

    def __init__(
        self, code: OutboundCode, detail: str, *, may_have_arrived: bool = False
    ) -> None:
        super().__init__(detail)
        self.code: OutboundCode = code
        self.detail = detail
        self.may_have_arrived = may_have_arrived


@dataclass(frozen=True, slots=True)
class OutboundPolicy:
    """Allows public addresses, and those that the operator adds."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    # Of these addresses, only the ones of these hosts.
    only: HostList | None = None

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """Parse addresses, networks (`10.1.0.0/16`), hosts and `*.domain`s.

        Raises `ValueError` for any other entry.
        """
        networks: list[Network] = []
        hosts: set[str] = set()
        for entry in filter(None, (entry.strip().lower() for entry in entries)):
            if _is_literal(entry.partition("/")[0]):
                networks.append(ip_network(entry, strict=False))
            elif "/" in entry or "*" in entry.removeprefix("*."):
                raise ValueError(
                    f"{entry!r} is neither a network nor a host: correct or remove it."
                )
            else:
                hosts.add(entry.rstrip("."))
        return cls(tuple(networks), frozenset(hosts))

    def allows_host(self, host: str) -> bool:
        """Whether the operator allows the host, whatever its addresses are."""
        name = host.lower().rstrip(".")
        labels = name.split(".")[1:]
        parents = (".".join(labels[start:]) for start in range(len(labels)))
        return name in self.hosts or any(f"*.{each}" in self.hosts for each in parents)

    def allows_address(self, text: str) -> bool:
        """Whether connections to this address, in a socket's notation, are allowed."""
        try:
            address = ip_address(text)
        except ValueError:
            return False
        if any(address in network for network in self.networks):
            return True
        if isinstance(address, IPv4Address):
            return not any(address in network for network in _REFUSED_V4)
        return (
            address.scope_id is None
            and address in _GLOBAL_V6
            and not any(address in network for network in _REFUSED_V6)
        )

    def check(self, url: str) -> URL:
        """Check a URL, and return it parsed. Raises `OutboundError`.

        A host name is checked when it is resolved, not here.
        """
        parsed = _parsed(url)
        host, port = parsed.raw_host, parsed.port
        if parsed.scheme not in {"http", "https"}:
            raise _refused("Only http:// and https:// URLs can be called.")
        if not host or port is None:
            raise _refused("The URL has no host.")
        if parsed.raw_user is not None or parsed.raw_password is not None:
            raise _refused("A URL must not contain a user name or a password.")
        if port in _REFUSED_PORTS or not port:
            raise _refused(
                f"Port {port} is not allowed: it belongs to another protocol."
            )
        if self.only is not None and not self.only.allows(parsed):
            raise _not_listed(parsed, self.only)
        if _is_literal(host) and not self.allows_address(host):
            raise refused_host(host)
        return parsed.with_fragment(None)


def refused_host(host: str) -> OutboundError:
    return _refused(
        f"{host} is not a public address. An operator can allow it with "
        "AGENTARIUM_OUTBOUND_ALLOW."
    )


def _not_listed(url: URL, hosts: HostList) -> OutboundError:
    shown = ", ".join(hosts.entries[:MAX_SHOWN_HOSTS])
    more = len(hosts.entries) - MAX_SHOWN_HOSTS
    suffix = f" and {more} more" if more > 0 else ""
    return _refused(
        f"{url.host_port_subcomponent} is not on the list of allowed hosts: "
        f"{shown}{suffix}."
    )


def _parsed(url: str) -> URL:
    if len(url) > MAX_URL_CHARS:
        raise _refused(f"The URL is longer than {MAX_URL_CHARS} characters.")
    # Parsers disagree about these: the host checked might not be the one connected to.
    if not url.isprintable() or " " in url or "\\" in url:
        raise _refused("The URL has a character that is not allowed: encode it.")
    try:
        parsed = URL(url)
        _ = parsed.port
    except ValueError as error:
        raise _refused("This is not a complete URL.") from error
    return parsed


def _is_literal(host: str) -> bool:
    """Whether a host is an address, even one that only some parsers understand.

    The last label of a name is never a number, so `127.1`, `0x7f.1` and `2130706433` are
    addresses.
    """
    last = host.rstrip(".").rpartition(".")[2]
    return ":" in host or last.isdigit() or last.lower().startswith("0x")


def _refused(detail: str) -> OutboundError:
    return OutboundError("outbound_refused", detail)
