"""Whether a request came over TLS, decided once for all that asks later."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from agentarium.http.client_address import is_forwarded

# Browsers send it to https addresses, and to this machine, only.
_OF_TRUSTWORTHY_PAGES = "HTTP_SEC_FETCH_SITE"


class RequestSchemeMiddleware:
    """Gives each request the scheme that its client used.

    TLS ends at a proxy. Only a trusted proxy can say how the client came; where none
    says so, the request counts as what AGENTARIUM_URL is. Taking it for plain HTTP
    would redirect an https address to itself for ever.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_over_tls(request):
            request.META["wsgi.url_scheme"] = "https"
        return self.get_response(request)


def is_over_tls(request: HttpRequest) -> bool:
    """Whether the client speaks TLS, as far as anyone can know."""
    if settings.HTTPS and _OF_TRUSTWORTHY_PAGES in request.META:
        # A proxy in between may have said otherwise about its own connection.
        return True
    if not settings.TRUSTED_PROXIES:
        return bool(settings.HTTPS)
    stated = _stated_scheme(request)
    if stated in {"http", "https"}:
        return stated == "https"
    # A proxy that says nothing; but whoever came past it spoke plain HTTP to us.
    return bool(settings.HTTPS) and is_forwarded(request)


def missing_proxy_setting() -> str:
    """What to set where TLS must end at a proxy of which the settings know nothing."""
    if not settings.HTTPS or settings.TRUSTED_PROXIES:
        return ""
    return (
        "AGENTARIUM_URL is https, so that a proxy must stand in front, but "
        "AGENTARIUM_TRUSTED_PROXIES is 0: set it to the number of proxies (1 for one), "
        "or all people share the proxy's address and its rate limits."
    )


def _stated_scheme(request: HttpRequest) -> str:
    """As the outermost trusted proxy says: each may have appended what it saw."""
    stated = str(request.META.get("HTTP_X_FORWARDED_PROTO", "")).split(",")
    return stated[-min(settings.TRUSTED_PROXIES, len(stated))].strip().lower()
