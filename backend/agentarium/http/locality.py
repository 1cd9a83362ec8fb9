"""Whether only people at this machine can reach the server."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port

from agentarium.http.client_address import is_forwarded

# The address that the serving process listens on, in the environment of each request.
# Absent under a server that is not ours: it may listen anywhere.
BOUND_HOST = "agentarium.bound_host"


def is_loopback(host: str) -> bool:
    """Whether a host, by name or address, is this machine itself."""
    name = host.strip("[]").removesuffix(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def is_local_server(bound_host: str) -> bool:
    """Whether a server that listens there is meant for this machine alone."""
    public_host = urlsplit(settings.PUBLIC_URL).hostname or ""
    return (
        is_loopback(bound_host)
        and is_loopback(public_host)
        and not settings.TRUSTED_PROXIES
    )


def is_local(request: HttpRequest) -> bool:
    """Whether somebody at this machine asks, with no proxy in between.

    A proxy on this machine calls from its own address: what it adds to a request, or
    the host that was asked for, gives it away.
    """
    meta = request.META
    host, _ = split_domain_port(str(meta.get("HTTP_HOST", "")))
    return (
        is_local_server(str(meta.get(BOUND_HOST, "")))
        and is_loopback(str(meta.get("REMOTE_ADDR", "")))
        and is_loopback(host)
        and not is_forwarded(request)
    )
