"""Where a request came from."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest

# What proxies and content networks add to a request, and clients do not.
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
    """The address of the client, as seen by the outermost proxy that is trusted.

    Each proxy appends the address that it was called from, so that the value that
    counts stands TRUSTED_PROXIES from the right; all before it is the client's own
    word, and anything may be written there.
    """
    direct = str(request.META.get("REMOTE_ADDR", ""))
    if not settings.TRUSTED_PROXIES:
        return direct
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    hops = [hop.strip() for hop in forwarded.split(",")]
    if len(hops) >= settings.TRUSTED_PROXIES:
        return _without_port(hops[-settings.TRUSTED_PROXIES]) or direct
    return direct


def is_forwarded(request: HttpRequest) -> bool:
    """Whether a proxy has passed the request on, as far as it shows.

    HTTP/1.0 is what nginx speaks to the servers behind it, unless it is told otherwise.
    """
    if request.META.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return True
    return any(
        name in _FORWARDING or name.startswith(_FORWARDING_PREFIXES)
        for name in request.META
    )


def _without_port(hop: str) -> str:
    """An address alone: some proxies add the port, which each connection has anew."""
    host = hop[1:].partition("]")[0] if hop.startswith("[") else hop
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        return str(ip_address(host))
    except ValueError:
        # "unknown", or a name that hides the address: still the same for one client.
        return hop
