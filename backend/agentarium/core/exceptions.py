"""Errors of the domain. `http/problems.py` renders each as an RFC 9457 problem.

`code` is the machine-readable name, `status` the HTTP status, and a class's docstring
the sentence that people read unless `detail` is given.
"""

import inspect
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, NamedTuple


class FieldError(NamedTuple):
    """What is wrong with one field of a request."""

    code: str
    detail: str


class DomainError(Exception):
    """The request could not be carried out."""

    code: ClassVar[str] = "error"
    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Mapping[str, Sequence[FieldError]] | None = None,
        retry_after: float | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        """`detail` defaults to the class's docstring. `errors` are by field.

        `retry_after` is in seconds. `members` are further members of the problem.
        """
        self.detail = detail or inspect.cleandoc(self.__doc__ or "")
        self.errors = errors
        self.retry_after = retry_after
        self.members = members or {}
        super().__init__(self.detail)


class InvalidInputError(DomainError):
    """The input is not valid."""

    code = "invalid"


class NotFoundError(DomainError):
    """There is no such object, or it is not yours."""

    code = "not_found"
    status = HTTPStatus.NOT_FOUND


class ConflictError(DomainError):
    """The object is not in a state that allows this."""

    code = "conflict"
    status = HTTPStatus.CONFLICT


class MethodNotAllowedError(DomainError):
    """This address does not take that method."""

    code = "method_not_allowed"
    status = HTTPStatus.METHOD_NOT_ALLOWED


class ContentTooLargeError(DomainError):
    """The body is larger than the server accepts."""

    code = "content_too_large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class ServerBusyError(DomainError):
    """The server has too much to do. Try again in a few seconds."""

    code = "server_busy"
    status = HTTPStatus.SERVICE_UNAVAILABLE


class TooManyRequestsError(DomainError):
    """Too many requests; try again later."""

    code = "throttled"
    status = HTTPStatus.TOO_MANY_REQUESTS
