"""Django's handler of requests, which remembers where an address leads."""

from functools import lru_cache

from django.core.cache import close_caches
from django.core.handlers.base import reset_urlconf
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import reset_queries
from django.http import HttpRequest
from django.urls import ResolverMatch, get_resolver, get_urlconf

# A route is found by trying all that come before it: as much work as checking who asks.
REMEMBERED = 1000

# What Django does around each request for sites of other kinds: they log their queries,
# have caches with connections to close, or requests with routes of their own.
_NEEDLESS = (
    (request_started, reset_queries),
    (request_finished, close_caches),
    (request_finished, reset_urlconf),
)


class Handler(WSGIHandler):
    """The site as WSGI. Django must be set up."""

    def __init__(self) -> None:
        super().__init__()
        for signal, receiver in _NEEDLESS:
            signal.disconnect(receiver)

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        match = _resolve(get_urlconf(), request.path_info)
        request.resolver_match = match
        return match


@lru_cache(maxsize=REMEMBERED)
def _resolve(urlconf: str | None, path: str) -> ResolverMatch:
    """Raises `Resolver404`, which is not remembered: addresses that are none are many."""
    return get_resolver(urlconf).resolve(path)
