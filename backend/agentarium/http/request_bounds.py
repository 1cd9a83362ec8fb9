"""Refuses requests that the site should not even begin to read."""

import codecs
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest, HttpResponse

from agentarium.http.problems import refuse

# Of the query string as it is sent. Page cursors and searches need a fraction of it.
MAX_QUERY_CHARS = 8_000
# Parsing parameters takes time quadratic in their number.
MAX_CONTENT_TYPE_CHARS = 256


class SiteRequest(WSGIRequest):
    """A request of any `Content-Type`: one that cannot be parsed counts as unknown."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_type, self.content_params = "", {}
        if len(meta.get("CONTENT_TYPE", "")) <= MAX_CONTENT_TYPE_CHARS:
            with suppress(ValueError):
                super()._set_content_type_params(meta)  # type: ignore[misc]


class SiteHandler(WSGIHandler):
    """The site without its static files, as a WSGI application."""

    request_class = SiteRequest


class RequestBoundsMiddleware:
    """Refuses long query strings, and text in another encoding than UTF-8.

    Django would decode with any codec of Python that the client names.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if len(request.META.get("QUERY_STRING", "")) > MAX_QUERY_CHARS:
            return refuse(
                request,
                HTTPStatus.REQUEST_URI_TOO_LONG,
                "query_too_long",
                f"The query string is longer than {MAX_QUERY_CHARS:,} characters.",
            )
        if not _is_utf8((request.content_params or {}).get("charset", "")):
            # `GET` would be decoded with it, too.
            request.encoding = "utf-8"
            return refuse(
                request,
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                "unsupported_charset",
                "Send text in UTF-8.",
            )
        return self.get_response(request)


def _is_utf8(charset: str) -> bool:
    if not charset:
        return True
    try:
        return codecs.lookup(charset).name == "utf-8"
    except (LookupError, ValueError):
        return False
