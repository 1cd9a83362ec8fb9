"""The address that a request came from. Rate limits count by it, and logs show it."""

from collections.abc import Mapping
from ipaddress import IPv6Network, ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest

# Headers that proxies and content delivery networks add, and clients do not send.
_FORWARDING = frozenset(
    f"HTTP_{name}"
    for name in (
        "CF_CONNECTING_IP",
        "CLIENT_IP",
        "FASTLY_CLIENT_IP",
        "FLY_CLIENT_IP",
        "FORWARDED",
        "FORWARDED_FOR",
        "FRONT_END_HTTPS",
        "TRUE_CLIENT_IP",
        "VIA",
        "X_CLIENT_IP",
        "X_CLUSTER_CLIENT_IP",
        "X_ENVOY_EXTERNAL_ADDRESS",
        "X_HOST",
        "X_PROXYUSER_IP",
        "X_REAL_IP",
        "X_SCHEME",
        "X_URL_SCHEME",
    )
)
_FORWARDING_PREFIXES = ("HTTP_X_FORWARDED", "HTTP_X_ORIGINAL_")


def client_address(request: HttpRequest) -> str:
    """The address of the client, as the outermost trusted proxy saw it."""
    return address_in(request.META)


def address_in(environ: Mapping[str, Any]) -> str:
    """The same for a WSGI environment.

    Each proxy appends the address that it was called from to X-Forwarded-For. So the
    right value is the TRUSTED_PROXIES-th from the right. A client can forge all values
    to the left of it.
    """
    direct = str(environ.get("REMOTE_ADDR", ""))
    if not settings.TRUSTED_PROXIES:
        return direct
    forwarded = str(environ.get("HTTP_X_FORWARDED_FOR", ""))
    hops = [hop.strip() for hop in forwarded.split(",")]
    if len(hops) >= settings.TRUSTED_PROXIES:
        return _without_port(hops[-settings.TRUSTED_PROXIES]) or direct
    return direct


def limited_address(request: HttpRequest) -> str:
    """The client's address as rate limits count it: of IPv6 the /64 network.

    A provider gives each customer at least a /64, so that the addresses in it are one
    client's.
    """
    address = client_address(request)
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed) >> 64 << 64, 64)))


def is_forwarded(request: HttpRequest) -> bool:
    """Whether the request shows signs of a proxy.

    HTTP/1.0 is one: nginx uses it for upstream servers by default.
    """
    if request.META.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return True
    return any(
        name in _FORWARDING or name.startswith(_FORWARDING_PREFIXES)
        for name in request.META
    )


def _without_port(hop: str) -> str:
    """The address without the port, which some proxies add and each connection changes."""
    host = hop[1:].partition("]")[0] if hop.startswith("[") else hop
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        return str(ip_address(host))
    except ValueError:
        # "unknown", or a name in place of the address: still constant for a client.
        return hop
