"""Django's handler of requests, which remembers where an address leads."""

from functools import lru_cache

from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.urls import ResolverMatch, get_resolver, get_urlconf

# A route is found by trying all that come before it: as much work as checking who asks.
REMEMBERED = 1000


class Handler(WSGIHandler):
    """The site as WSGI. Django must be set up."""

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        match = _resolve(get_urlconf(), request.path_info)
        request.resolver_match = match
        return match


@lru_cache(maxsize=REMEMBERED)
def _resolve(urlconf: str | None, path: str) -> ResolverMatch:
    """Raises `Resolver404`, which is not remembered: addresses that are none are many."""
    return get_resolver(urlconf).resolve(path)
