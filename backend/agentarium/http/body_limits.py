"""How large the body of a request may be: each view says whether it takes large ones.

Bodies of up to `SMALL_BODY` bytes are read before anything is known of the caller. A
larger one is read only if its route takes large bodies, and if the view, given the head
of the request, has gone as far as to read it: so it has authenticated the caller and
counted the request.
"""

from http import HTTPStatus
from typing import Any, NoReturn, TypeVar

from django.conf import settings
from django.urls import Resolver404, resolve

from agentarium.core.exceptions import DomainError

SMALL_BODY = 65_536

View = TypeVar("View")


class BodyNeededError(DomainError):
    """The request's body has to be read to go on."""

    code = "continue"
    status = HTTPStatus.CONTINUE


class UnreadBody:
    """Stands for a body that has not been read: `read` raises `BodyNeededError`."""

    def read(self, *_: object) -> NoReturn:
        raise BodyNeededError

    readline = read


def large_body() -> int:
    """The most bytes that any request may have."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert limit is not None
    return limit


def takes_large_body(view: View) -> View:
    """Let a view, or all actions of a view's class, take bodies over `SMALL_BODY`."""
    view.takes_large_body = True  # type: ignore[attr-defined]
    return view


def body_limit_of_view(view: Any) -> int:
    """The most bytes that a view takes."""
    return large_body() if getattr(view, "takes_large_body", False) else SMALL_BODY


def body_limit_of_path(path: str) -> int:
    """The most bytes that the view at a path takes. `path` begins with a slash."""
    try:
        match = resolve(path)
    except Resolver404:
        return SMALL_BODY
    # Forms of the admin have all columns of a row.
    if "admin" in match.namespaces and match.url_name != "login":
        return large_body()
    return body_limit_of_view(getattr(match.func, "cls", match.func))
