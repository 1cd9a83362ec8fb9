"""Whether a request comes from the server's own machine, with no proxy in between.

Such requests may set up the first account without a setup link. Any doubt counts as a
request from the network.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port

from agentarium.http.client_address import is_forwarded

# The address that the process listens on, in the environment of each request. Absent
# under a server that is not ours: that may listen anywhere.
BOUND_HOST = "agentarium.bound_host"


def is_loopback(host: str) -> bool:
    """Whether a host name or address always means this machine."""
    name = host.strip("[]").removesuffix(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def is_local_server(bound_host: str) -> bool:
    """Whether a server that listens there serves this machine only."""
    public_host = urlsplit(settings.PUBLIC_URL).hostname or ""
    return (
        is_loopback(bound_host)
        and is_loopback(public_host)
        and not settings.TRUSTED_PROXIES
    )


def is_local(request: HttpRequest) -> bool:
    """Whether the client runs on this machine, with no proxy in between.

    A proxy on this machine has a loopback address, too. The headers that it adds, or the
    requested host, give it away. A page of another site, open in a browser on this
    machine, does not count as local either: its `Origin` gives it away.
    """
    meta = request.META
    host, _ = split_domain_port(str(meta.get("HTTP_HOST", "")))
    return (
        is_local_server(str(meta.get(BOUND_HOST, "")))
        and is_loopback(str(meta.get("REMOTE_ADDR", "")))
        and is_loopback(host)
        and _is_local_page(str(meta.get("HTTP_ORIGIN", "")))
        and not is_forwarded(request)
    )


def _is_local_page(origin: str) -> bool:
    """Whether a page that this machine serves sent the request, or no page."""
    if not origin:
        return True
    try:
        return is_loopback(urlsplit(origin).hostname or "")
    except ValueError:
        return False
