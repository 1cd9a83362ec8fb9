"""Maps the failures of providers to error codes and to messages that users can act on.

The provider's own message is never included, since it may quote keys and prompts. Only
its short identifiers are (`context_length_exceeded`).
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from agentarium.runtime.providers.base import ProviderError, ProviderErrorCode

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_MAX_WAIT_SECONDS = 3600.0
# The standard one, and Cloudflare's.
_GATEWAY_TIMEOUTS = (504, 524)

# Status -> code, whether it is transient, message.
_MEANINGS: dict[int, tuple[ProviderErrorCode, bool, str]] = {
    401: (
        ProviderErrorCode.AUTH,
        False,
        "{title} did not accept the key. Check that it is complete and still valid.",
    ),
    402: (ProviderErrorCode.AUTH, False, "The account at {title} has no credit left."),
    403: (
        ProviderErrorCode.AUTH,
        False,
        "{title} does not allow this key to use the model {model}.",
    ),
    404: (
        ProviderErrorCode.MODEL_NOT_FOUND,
        False,
        "{title} does not know the model {model}. Check its name and the base URL.",
    ),
    408: (ProviderErrorCode.TIMEOUT, True, "{title} took too long to respond."),
    409: (
        ProviderErrorCode.UNAVAILABLE,
        True,
        "{title} is busy with a conflicting request.",
    ),
    413: (
        ProviderErrorCode.BAD_REQUEST,
        False,
        "The conversation is too long for {model}.",
    ),
    429: (
        ProviderErrorCode.RATE_LIMITED,
        True,
        "{title} has reached its rate limit. Try again later.",
    ),
    504: (ProviderErrorCode.TIMEOUT, True, "{title} took too long to respond."),
}
_REDIRECT: tuple[ProviderErrorCode, bool, str] = (
    ProviderErrorCode.BAD_REQUEST,
    False,
    "{title} redirects to another address. Set that address as its base URL.",
)
_REJECTED: tuple[ProviderErrorCode, bool, str] = (
    ProviderErrorCode.BAD_REQUEST,
    False,
    "{title} rejected the request.",
)
_UNAVAILABLE: tuple[ProviderErrorCode, bool, str] = (
    ProviderErrorCode.UNAVAILABLE,
    True,
    "{title} is temporarily unavailable.",
)

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


def provider_failure(
    status: int,
    *,
    title: str,
    model: str,
    reasons: Iterable[str] = (),
    retry_after: float | None = None,
) -> ProviderError:
    """The error for an HTTP status or its equivalent.

    `reasons` are the identifiers that came with it; `detail` repeats them unchanged. Only
    a proxy that gave up waiting leaves a model behind that may go on, and be charged for.
    """
    reasons = tuple(reasons)
    implied = (_STATUS_BY_IDENTIFIER.get(reason.lower()) for reason in reasons)
    # The HTTP status is more precise than an identifier such as `invalid_request_error`,
    # which OpenAI also sends for a wrong key. Only these two need the identifier.
    override = next((status for status in implied if status in (402, 413)), None)
    code, is_transient, template = _meaning(override or status)
    suffix = f" ({', '.join(reasons)})" if reasons else ""
    detail = template.format(title=title, model=model) + suffix
    return ProviderError(
        code,
        detail,
        is_transient=is_transient,
        retry_after=retry_after if is_transient else None,
        may_be_charged=status in _GATEWAY_TIMEOUTS,
    )


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


def _meaning(status: int) -> tuple[ProviderErrorCode, bool, str]:
    if status in _MEANINGS:
        return _MEANINGS[status]
    if status >= 500:
        return _UNAVAILABLE
    return _REJECTED if status >= 400 else _REDIRECT


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
