"""One log line for each request, and an id that all of its log lines share."""

import re
import time
import uuid
from collections.abc import Callable
from http import HTTPStatus

import structlog
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from agentarium.http.client_address import client_address

log = structlog.get_logger(__name__)

HEADER = "X-Request-ID"
_META = "HTTP_X_REQUEST_ID"
# The environment's key of the user's id, if the request was authenticated.
CALLER_ID = "agentarium.caller_id"
PROBES = frozenset({"/healthz", "/readyz"})
# Anything else could break out of a log line or fill it.
_SANE_ID = re.compile(r"[A-Za-z0-9_.:-]{8,64}")


class RequestLogMiddleware:
    """Logs `request.finished`, without query strings, bodies or user names."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = _request_id(request)
        # `bound_contextvars` would copy everything that is bound already.
        bound = structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            started = time.perf_counter()
            response = self.get_response(request)
            _log_line(request, response, time.perf_counter() - started)
        finally:
            structlog.contextvars.reset_contextvars(**bound)
        response[HEADER] = request_id
        return response


def _request_id(request: HttpRequest) -> str:
    # Not from `headers`, which is built from all headers at its first use.
    offered = request.META.get(_META, "")
    return offered if _SANE_ID.fullmatch(offered) else uuid.uuid4().hex


def _log_line(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    write = log.debug if request.path in PROBES else log.info
    user_id = request.META[CALLER_ID] = _known_user_id(request)
    if response.status_code == HTTPStatus.CONTINUE:
        # The site will be called again, with the body.
        return
    write(
        "request.finished",
        method=request.method,
        path=request.path,
        status=response.status_code,
        duration_ms=round(seconds * 1000, 1),
        user_id=user_id,
        address=client_address(request),
    )


def _known_user_id(request: HttpRequest) -> int | None:
    """The user's id if the request has loaded the user: logging must not load it."""
    user = request.__dict__.get("user")
    if isinstance(user, SimpleLazyObject):
        user = request.__dict__.get("_cached_user")
    return getattr(user, "pk", None)
