"""What a provider's failure means, as a code and a sentence that a person can act on.

Nothing that a provider says in its own words gets in: providers quote keys and prompts
in their messages. Only its short identifiers (`context_length_exceeded`) do.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from agentarium.runtime.providers.base import ProviderError, ProviderErrorCode

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_LONGEST_WAIT = 3600.0

# Status -> code, whether it may pass, sentence.
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
        "{title} does not let this key use the model {model}.",
    ),
    404: (
        ProviderErrorCode.MODEL_NOT_FOUND,
        False,
        "{title} does not know the model {model}. Check its name and the base URL.",
    ),
    408: (ProviderErrorCode.TIMEOUT, True, "{title} took too long to answer."),
    409: (
        ProviderErrorCode.UNAVAILABLE,
        True,
        "{title} is busy with a conflicting request.",
    ),
    413: (
        ProviderErrorCode.BAD_REQUEST,
        False,
        "The conversation is longer than {model} can take.",
    ),
    429: (
        ProviderErrorCode.RATE_LIMITED,
        True,
        "{title} limits how often it may be called. Try again later.",
    ),
    504: (ProviderErrorCode.TIMEOUT, True, "{title} took too long to answer."),
}
_REDIRECT: tuple[ProviderErrorCode, bool, str] = (
    ProviderErrorCode.BAD_REQUEST,
    False,
    "{title} sends callers to another address. Set that one as its base URL.",
)
_REFUSED: tuple[ProviderErrorCode, bool, str] = (
    ProviderErrorCode.BAD_REQUEST,
    False,
    "{title} refused the request.",
)
_UNAVAILABLE: tuple[ProviderErrorCode, bool, str] = (
    ProviderErrorCode.UNAVAILABLE,
    True,
    "{title} cannot answer at the moment.",
)

# What providers say beside the status, or in the middle of a stream instead of one.
_STATUS_BY_WORD = {
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
    words: Iterable[str] = (),
    retry_after: float | None = None,
) -> ProviderError:
    """The error for an HTTP status, or what equals one.

    `words` are the identifiers that came with it; they are shown as they are.
    """
    words = tuple(words)
    told = (_STATUS_BY_WORD.get(word.lower()) for word in words)
    # A status of its own is more exact than a word like `invalid_request_error`,
    # which OpenAI uses for a wrong key too; but no credit is told by the word only.
    better = next((status for status in told if status in (402, 413)), None)
    code, is_transient, sentence = _meaning(better or status)
    hints = f" ({', '.join(words)})" if words else ""
    detail = sentence.format(title=title, model=model) + hints
    return ProviderError(
        code,
        detail,
        is_transient=is_transient,
        retry_after=retry_after if is_transient else None,
    )


def status_of(error: Mapping[str, Any]) -> int:
    """The HTTP status that an error object in the middle of a stream stands for."""
    for name in ("code", "status", "status_code"):
        value = error.get(name)
        if isinstance(value, int) and 400 <= value < 600:
            return value
    known = (_STATUS_BY_WORD.get(word.lower()) for word in identifiers(error))
    return next((status for status in known if status), 500)


def identifiers(error: Mapping[str, Any], *, secret: str = "") -> list[str]:
    """The short identifiers of a provider's error object, without doubles."""
    values = (error.get(name) for name in ("code", "type", "status", "param"))
    words = dict.fromkeys(
        value
        for value in values
        if isinstance(value, str) and _IDENTIFIER.fullmatch(value)
    )
    return [word for word in words if not secret or secret not in word]


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The wait that a provider wishes for: seconds, milliseconds or a date."""
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return min(milliseconds / 1000, _LONGEST_WAIT)
    text = headers.get("retry-after", "")
    seconds = _number(text)
    if seconds is None:
        seconds = _seconds_until(text)
    return None if seconds is None else min(seconds, _LONGEST_WAIT)


def _meaning(status: int) -> tuple[ProviderErrorCode, bool, str]:
    if status in _MEANINGS:
        return _MEANINGS[status]
    if status >= 500:
        return _UNAVAILABLE
    return _REFUSED if status >= 400 else _REDIRECT


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,12}(\.\d{1,6})?", text.strip()) else None


def _seconds_until(date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
