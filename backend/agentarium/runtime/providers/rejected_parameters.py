"""Parameters that a model rejects, remembered for an hour.

Some parameters are optional: a request that is rejected for one of them is repeated
without it, and later requests omit it from the start.
"""

import re
from collections.abc import Collection, Mapping
from http import HTTPStatus
from time import monotonic
from typing import Any

from agentarium.runtime.providers.base import ModelSettings

# After this time a parameter is sent again, since the server may have been upgraded.
KEPT_SECONDS = 3600.0
# Users choose the values, so their number has to be bounded.
MAX_VALUES = 1000
# The images in a conversation, which models without vision reject.
IMAGES = "images"
# Parameters that some servers reject, and that a request works without.
OPTIONAL_PARAMETERS = (
    "stream_options",
    "temperature",
    "max_tokens",
    "max_completion_tokens",
    IMAGES,
)
_REJECTING = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
# llama.cpp answers 500, and OpenRouter 404.
_REJECTING_IMAGES = _REJECTING | {
    HTTPStatus.NOT_FOUND,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.NOT_IMPLEMENTED,
}
# Phrases that reject a parameter itself, not only its value.
_UNSUPPORTED = re.compile(
    r"unsupported|not support|not permitted|not allowed|deprecated|unrecognized"
    r"|unknown|unexpected|extra inputs",
    re.IGNORECASE,
)
_ABOUT_IMAGES = re.compile(
    r"\b(images?|image_url|multi-?modal|vision|mmproj)\b", re.IGNORECASE
)
# Any error about it counts: models that accept only one value phrase it differently.
_TEMPERATURE = "temperature"


class RejectedParameters:
    """The parameters that one model of one server has recently rejected, with their values.

    Other values of these parameters are still sent. All users share the model's client:
    a value of one user that is out of range must not affect the requests of others.
    """

    def __init__(self) -> None:
        self._until: dict[tuple[str, float | None], float] = {}

    def current(self, settings: ModelSettings) -> set[str]:
        """The parameters to omit from a request with these settings now."""
        now = monotonic()
        return {
            name
            for name in OPTIONAL_PARAMETERS
            if now < self._until.get((name, _value(name, settings)), 0)
        }

    def add(self, names: Collection[str], settings: ModelSettings) -> None:
        """Omit these values for a while. Call it after a request succeeded without them."""
        if len(self._until) >= MAX_VALUES:
            self._until.clear()
        for name in names:
            self._until[name, _value(name, settings)] = monotonic() + KEPT_SECONDS


def _value(name: str, settings: ModelSettings) -> float | None:
    match name:
        case "temperature":
            return settings.temperature
        case "max_tokens" | "max_completion_tokens":
            return settings.max_output_tokens
    return None


def rejected_parameter(
    status: int, error: Mapping[str, Any], sent: Collection[str]
) -> str | None:
    """The parameter in `sent` that a server's error rejects, or None.

    It is found by the name in the error object, or else by the error message.
    """
    message = error.get("message") or error.get("detail")
    if IMAGES in sent and _rejects_images(status, message):
        return IMAGES
    if status not in _REJECTING:
        return None
    if error.get("param") in sent:
        return str(error["param"])
    return _named_in(message, sent) if isinstance(message, str) else None


def _rejects_images(status: int, message: Any) -> bool:
    is_about_images = isinstance(message, str) and _ABOUT_IMAGES.search(message)
    return status in _REJECTING_IMAGES and bool(is_about_images)


def _named_in(message: str, sent: Collection[str]) -> str | None:
    for name in sent:
        if not re.search(rf"\b{name}\b", message, re.IGNORECASE):
            continue
        if name == _TEMPERATURE or _UNSUPPORTED.search(message):
            return name
    return None
