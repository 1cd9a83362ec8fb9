"""Decides, once for each request, whether the client used HTTPS."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from agentarium.http.client_address import is_forwarded

# Browsers send it to https and loopback addresses only.
_SECURE_CONTEXT_HEADER = "HTTP_SEC_FETCH_SITE"


class RequestSchemeMiddleware:
    """Gives each request the scheme that its client used.

    TLS ends at a proxy, and only a trusted proxy can say which scheme the client used. If
    none does, the scheme of AGENTARIUM_URL is assumed. Assuming plain HTTP would
    redirect an https address to itself forever.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_over_tls(request):
            request.META["wsgi.url_scheme"] = "https"
        return self.get_response(request)


def is_over_tls(request: HttpRequest) -> bool:
    """Whether the client used TLS, as far as can be known."""
    if settings.HTTPS and _SECURE_CONTEXT_HEADER in request.META:
        # An inner proxy may report plain HTTP, which is its own connection.
        return True
    if not settings.TRUSTED_PROXIES:
        return bool(settings.HTTPS)
    stated = _stated_scheme(request)
    if stated in {"http", "https"}:
        return stated == "https"
    # A proxy that does not say. A request without a proxy used plain HTTP.
    return bool(settings.HTTPS) and is_forwarded(request)


def missing_proxy_setting() -> str:
    """A warning if AGENTARIUM_URL needs a proxy that the settings do not mention."""
    if not settings.HTTPS or settings.TRUSTED_PROXIES:
        return ""
    return (
        "AGENTARIUM_URL is https, which needs a proxy in front of this server, but "
        "AGENTARIUM_TRUSTED_PROXIES is 0: set it to the number of proxies (usually 1). "
        "Otherwise all users share the proxy's address and its rate limits."
    )


def _stated_scheme(request: HttpRequest) -> str:
    """The scheme that the outermost trusted proxy reports: each proxy may append one."""
    stated = str(request.META.get("HTTP_X_FORWARDED_PROTO", "")).split(",")
    return stated[-min(settings.TRUSTED_PROXIES, len(stated))].strip().lower()
