"""Every error of the API as RFC 9457 problem details.

Errors reach this module in two ways. Inside a view, REST framework calls
`exception_handler`: a `DomainError` brings its own status and code, other expected
exceptions keep those of REST framework. Everywhere else, Django calls one of the handlers
at the end (`handler404` and so on in `config/urls.py`).
"""

import math
import sys
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.fields import get_error_detail
from rest_framework.response import Response
from rest_framework.settings import api_settings

from agentarium.core.exceptions import ContentTooLargeError, DomainError, FieldError
from agentarium.core.request_id import current_request_id
from agentarium.http.body_limits import BodyNeededError

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
# Seconds that a client is asked to wait while the database is unavailable.
DATABASE_RETRY_AFTER = 5
BEARER = 'Bearer realm="api"'
# Some details quote the client's value, which may be as long as a body.
MAX_DETAIL_CHARS = 500
Errors = dict[str, list[FieldError]]


class ProblemResponse(Response):
    """A problem, regardless of the view's format and the client's `Accept`."""

    @property
    def rendered_content(self) -> bytes:  # type: ignore[override]
        self["Content-Type"] = MEDIA_TYPE
        return orjson.dumps(self.data)


def problem(
    status: int, code: str, detail: str, path: str, errors: Errors | None = None
) -> dict[str, Any]:
    """The body of a problem. `path` is that of the request."""
    body: dict[str, Any] = {
        # RFC 9457: no page describes it, and the title is the phrase of the status.
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "code": code,
        "detail": detail,
        "instance": path,
    }
    if errors:
        body["errors"] = {
            field: [error._asdict() for error in found]
            for field, found in errors.items()
        }
    return body


# --- REST framework --------------------------------------------------------------


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """The problem for an expected exception. None makes Django respond with a 500."""
    path = context["request"].path
    if isinstance(exc, RequestDataTooBig):
        exc = ContentTooLargeError()
    if isinstance(exc, DomainError):
        return _domain_problem(exc, path)
    known = _as_api_exception(exc)
    return _api_problem(known, path) if known else None


def _domain_problem(exc: DomainError, path: str) -> Response:
    errors = {field: list(found) for field, found in (exc.errors or {}).items()}
    body = problem(exc.status, exc.code, exc.detail, path, errors) | {**exc.members}
    headers = {}
    if exc.retry_after is not None:
        headers["Retry-After"] = str(math.ceil(exc.retry_after))
    if exc.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = BEARER
    return ProblemResponse(body, status=exc.status, headers=headers)


def _as_api_exception(exc: Exception) -> exceptions.APIException | None:
    match exc:
        case exceptions.APIException():
            return exc
        case Http404():
            return exceptions.NotFound()
        case PermissionDenied():
            return exceptions.PermissionDenied()
        case ModelValidationError():
            return exceptions.ValidationError(get_error_detail(exc))
    return None


def _api_problem(exc: exceptions.APIException, path: str) -> Response:
    errors = None
    if isinstance(exc, exceptions.ValidationError):
        errors = _by_field(exc.detail)
    code, detail = _summary(exc)
    body = problem(exc.status_code, code, detail, path, errors)
    return ProblemResponse(body, status=exc.status_code, headers=_headers(exc))


def _summary(exc: exceptions.APIException) -> tuple[str, str]:
    detail: Any = exc.detail
    if isinstance(exc, exceptions.ValidationError):
        return "invalid", "The input is not valid."
    # The exceptions of Simple JWT have {"detail", "code", "messages"}.
    if isinstance(detail, dict):
        return str(detail.get("code", exc.default_code)), str(detail.get("detail", ""))
    return str(detail.code), str(detail)


def _headers(exc: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if auth_header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if (wait := getattr(exc, "wait", None)) is not None:
        headers["Retry-After"] = str(math.ceil(wait))
    return headers


def _by_field(detail: Any) -> Errors:
    """Flattens nested errors under dotted names, as in `scopes.1`."""
    errors: Errors = {}
    for name, error in _flat(detail, ""):
        errors.setdefault(name or api_settings.NON_FIELD_ERRORS_KEY, []).append(error)
    return errors


def _flat(detail: Any, name: str) -> Iterator[tuple[str, FieldError]]:
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            is_of_parent = str(key) == api_settings.NON_FIELD_ERRORS_KEY
            yield from _flat(value, name if is_of_parent else _dotted(name, key))
    elif isinstance(detail, list):
        for position, value in enumerate(detail):
            is_nested = isinstance(value, Mapping | list)
            yield from _flat(value, _dotted(name, position) if is_nested else name)
    else:
        code = getattr(detail, "code", "invalid")
        yield name, FieldError(code, str(detail)[:MAX_DETAIL_CHARS])


def _dotted(name: str, key: object) -> str:
    return f"{name}.{key}" if name else str(key)


# --- Django ----------------------------------------------------------------------


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, HTTPStatus.BAD_REQUEST, "bad_request", "Bad request.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(
        request, HTTPStatus.FORBIDDEN, "permission_denied", "This is not allowed."
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(
        request, HTTPStatus.NOT_FOUND, "not_found", "There is nothing at this address."
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Log the exception. The response has only the request id to find it by."""
    if isinstance(error := sys.exception(), OperationalError | InterfaceError):
        return _database_unavailable(request, error)
    if isinstance(error, BodyNeededError):
        return refuse(request, error.status, error.code, error.detail)
    log.error(
        "request.failed",
        method=request.method,
        path=request.path,
        exc_info=sys.exception(),
    )
    body = problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal_error",
        "Something went wrong on the server. Search its log for this request id.",
        request.path,
    )
    return _rendered(body | {"request_id": current_request_id()})


def _database_unavailable(request: HttpRequest, error: Exception) -> HttpResponse:
    log.warning("request.database_unavailable", path=request.path, error=str(error))
    response = refuse(
        request,
        HTTPStatus.SERVICE_UNAVAILABLE,
        "database_unavailable",
        "The database is not available. Try again in a few seconds.",
    )
    response["Retry-After"] = str(DATABASE_RETRY_AFTER)
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return refuse(
        request,
        HTTPStatus.FORBIDDEN,
        "csrf_failed",
        "The page is out of date. Reload it.",
    )


def refuse(
    request: HttpRequest, status: HTTPStatus, code: str, detail: str
) -> HttpResponse:
    """The response of a middleware, or of a view of Django."""
    return _rendered(problem(status, code, detail, request.path))


def _rendered(body: dict[str, Any]) -> HttpResponse:
    return HttpResponse(
        orjson.dumps(body), status=body["status"], content_type=MEDIA_TYPE
    )
