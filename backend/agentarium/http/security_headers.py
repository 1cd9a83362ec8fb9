"""What a browser may do with our answers."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import ResponseHeaders

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        # The admin and positioned menus set inline styles; scripts never are inline.
        "style-src 'self' 'unsafe-inline'",
        # No address elsewhere: an image in a model's answer could carry data away.
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
    """Sets what is the same for every answer, all at once; a view's own header wins.

    Django's middlewares for these headers stand before it, and find theirs there. They
    would check and encode each name and each value again for each answer; here that is
    done once, so the headers are put where Django keeps those that it has checked.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        always = HEADERS | {
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
            "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
            "X-Frame-Options": settings.X_FRAME_OPTIONS,
        }
        self._always = ResponseHeaders(always)._store
        # Answers of the API are somebody's own, and some are shown only once.
        self._of_the_api = ResponseHeaders(
            always | {"Cache-Control": "no-store"}
        )._store

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_api = request.path.startswith("/api/")
        added = self._of_the_api if is_api else self._always
        response.headers._store = added | response.headers._store
        return response
