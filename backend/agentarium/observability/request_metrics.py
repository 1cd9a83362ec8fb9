"""Counts and durations of requests."""

import re
import time
from collections.abc import Callable
from functools import cache
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from agentarium.observability.metrics import REQUEST_SECONDS, REQUESTS, labelled

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_GROUP = re.compile(r"\(\?P<(\w+)>[^)]*\)|<(?:\w+:)?(\w+)>")


class RequestMetricsMiddleware:
    """Counts each request by the template of its route, never by its path."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began_at = time.perf_counter()
        response = self.get_response(request)
        seconds = time.perf_counter() - began_at
        if response.status_code == HTTPStatus.CONTINUE:
            # The site will be called again, with the body.
            return response
        method = request.method if request.method in METHODS else "OTHER"
        route = route_of(request)
        labelled(REQUESTS, method, route, str(response.status_code)).inc()
        labelled(REQUEST_SECONDS, method, route).observe(seconds)
        return response


def route_of(request: HttpRequest) -> str:
    """The template of the matched route, such as `/api/tasks/{id}/`."""
    match = request.resolver_match
    return _template(match.route) if match else "unmatched"


@cache
def _template(route: str) -> str:
    # The page's pattern only excludes paths: it has no template.
    if "(?!" in route:
        return "page"
    named = _GROUP.sub(lambda match: "{%s}" % (match[1] or match[2]), route)
    return "/" + re.sub(r"[\^$]|\\Z", "", named).replace("{pk}", "{id}")
