"""Headers that limit what a browser may do with our responses."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import ResponseHeaders

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        # The admin and positioned menus use inline styles. No script is inline.
        "style-src 'self' 'unsafe-inline'",
        # No other hosts: an image in a model's output could send data to one.
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class SecurityHeadersMiddleware:
    """Sets the headers that all responses share. A view's own header wins.

    Django's middleware for these headers comes first in the settings, and so sees ours
    and adds none. It would check and encode each header for each response. Here that
    happens once, and the result goes directly into Django's store of checked headers.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        headers = HEADERS | {
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
            "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
            "X-Frame-Options": settings.X_FRAME_OPTIONS,
        }
        self._for_all = ResponseHeaders(headers)._store
        # Responses of the API are private, and some contain secrets.
        self._for_api = ResponseHeaders(headers | {"Cache-Control": "no-store"})._store

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_api = request.path.startswith("/api/")
        added = self._for_api if is_api else self._for_all
        response.headers._store = added | response.headers._store
        return response
