"""Maps the failures of providers to error codes and to messages that users can act on.

A message of ours never includes the provider's own, since that may quote keys and
prompts: only its short identifiers (`context_length_exceeded`). The provider's sentence
is kept apart, for the task's owner.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any

from agentarium.runtime.providers.base import ProviderError, ProviderErrorCode
from agentarium.runtime.providers.refusals import bounded, code_of, message_in

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_.\[\]-]{0,63}")
_MAX_WAIT_SECONDS = 3600.0

Code = ProviderErrorCode

_CODES: dict[int, ProviderErrorCode] = {
    401: Code.AUTH,
    402: Code.NO_CREDIT,
    403: Code.AUTH,
    404: Code.MODEL_NOT_FOUND,
    408: Code.TIMEOUT,
    409: Code.UNAVAILABLE,
    413: Code.CONTEXT_TOO_LONG,
    429: Code.RATE_LIMITED,
    504: Code.TIMEOUT,
}
_TRANSIENT = frozenset({Code.TIMEOUT, Code.UNAVAILABLE, Code.RATE_LIMITED})
_DETAILS: dict[ProviderErrorCode, str] = {
    Code.AUTH: "{title} did not accept the key. Check that it is complete and still valid.",
    Code.NO_CREDIT: "The account at {title} has no credit left.",
    Code.MODEL_NOT_FOUND: (
        "{title} does not know the model {model}. Check its name and the base URL."
    ),
    Code.CONTEXT_TOO_LONG: "The conversation is too long for the context of {model}.",
    Code.TOOLS_NOT_SUPPORTED: "{title} does not support tools with the model {model}.",
    Code.TIMEOUT: "{title} took too long to respond.",
    Code.RATE_LIMITED: "{title} has reached its rate limit. Try again later.",
    Code.UNAVAILABLE: "{title} is temporarily unavailable.",
    Code.BAD_REQUEST: "{title} rejected the request.",
}
# Where the status says more than the code.
_DETAILS_BY_STATUS = {
    403: "{title} does not allow this key to use the model {model}.",
    409: "{title} is busy with a conflicting request.",
}
_REDIRECTED = "{title} redirects to another address. Set that address as its base URL."

# Identifiers that providers send next to a status, or in a stream instead of one.
_STATUS_BY_IDENTIFIER = {
    "insufficient_quota": 402,
    "billing_not_active": 402,
    "billing_error": 402,
    "insufficient_balance": 402,
    "context_length_exceeded": 413,
    "exceed_context_size_error": 413,
    "request_too_large": 413,
    "invalid_api_key": 401,
    "authentication_error": 401,
    "unauthenticated": 401,
    "permission_error": 403,
    "permission_denied": 403,
    "model_not_found": 404,
    "not_found_error": 404,
    "not_found": 404,
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "resource_exhausted": 429,
    "invalid_request_error": 400,
    "invalid_argument": 400,
    "timeout_error": 504,
    "deadline_exceeded": 504,
}


@dataclass(frozen=True, slots=True)
class CalledModel:
    """The model of a call, and its provider's name in messages.

    `secret` is the key, which no message may contain.
    """

    title: str
    model: str
    secret: str = field(default="", repr=False)
    has_tools: bool = False


def provider_failure(
    status: int,
    called: CalledModel,
    *,
    error: Mapping[str, Any] = MappingProxyType({}),
    retry_after: float | None = None,
    is_response: bool = False,
) -> ProviderError:
    """The error for an HTTP status or its equivalent.

    `error` is the provider's error object. `is_response` is whether the status is that of
    an HTTP response, so that the message names it.
    """
    names = identifiers(error, secret=called.secret)
    message = message_in(error)
    code = _code(status, names, message, has_tools=called.has_tools)
    if 300 <= status < 400:
        template = _REDIRECTED
    elif code == _CODES.get(status):
        template = _DETAILS_BY_STATUS.get(status, _DETAILS[code])
    else:
        template = _DETAILS[code]
    reasons = [f"HTTP {status}", *names] if is_response else names
    suffix = f" ({', '.join(reasons)})" if reasons else ""
    return ProviderError(
        code,
        template.format(title=called.title, model=called.model) + suffix,
        is_transient=code in _TRANSIENT,
        retry_after=retry_after if code in _TRANSIENT else None,
        provider_message=bounded(message, secret=called.secret),
    )


def certificate_failure(server: str) -> ProviderError:
    """The error for a server whose TLS certificate cannot be verified."""
    return ProviderError(
        ProviderErrorCode.CERTIFICATE,
        f"The TLS certificate of {server} cannot be verified. If a company's authority "
        "signed it, set SSL_CERT_FILE to a file with that authority's certificate.",
    )


def _code(
    status: int, names: Iterable[str], message: str, *, has_tools: bool
) -> ProviderErrorCode:
    # The HTTP status is more precise than an identifier such as `invalid_request_error`,
    # which OpenAI also sends for a wrong key. Only these two need the identifier.
    implied = {_STATUS_BY_IDENTIFIER.get(name.lower()) for name in names}
    for override in (402, 413):
        if override in implied:
            return _CODES[override]
    if found := code_of(message, status=status, has_tools=has_tools):
        return found
    default = Code.UNAVAILABLE if status >= 500 else Code.BAD_REQUEST
    return _CODES.get(status, default)


def status_of(error: Mapping[str, Any]) -> int:
    """The HTTP status equivalent to an error object in the middle of a stream."""
    for name in ("code", "status", "status_code"):
        value = error.get(name)
        if isinstance(value, int) and 400 <= value < 600:
            return value
    statuses = (
        _STATUS_BY_IDENTIFIER.get(identifier.lower())
        for identifier in identifiers(error)
    )
    return next((status for status in statuses if status), 500)


def identifiers(error: Mapping[str, Any], *, secret: str = "") -> list[str]:
    """The distinct short identifiers in a provider's error object."""
    values = (error.get(name) for name in ("code", "type", "status", "param"))
    found = dict.fromkeys(
        value
        for value in values
        if isinstance(value, str) and _IDENTIFIER.fullmatch(value)
    )
    return [text for text in found if not secret or secret not in text]


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The wait that a provider asks for: seconds, milliseconds or a date."""
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return min(milliseconds / 1000, _MAX_WAIT_SECONDS)
    text = headers.get("retry-after", "")
    seconds = _number(text)
    if seconds is None:
        seconds = _seconds_until(text, told_at=_moment(headers.get("date", "")))
    return None if seconds is None else min(seconds, _MAX_WAIT_SECONDS)


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,12}(\.\d{1,6})?", text.strip()) else None


def _seconds_until(date: str, *, told_at: datetime | None) -> float | None:
    """The time until a date, by the clock of the provider if that is known."""
    moment = _moment(date)
    if moment is None:
        return None
    return max(0.0, (moment - (told_at or datetime.now(UTC))).total_seconds())


def _moment(date: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
