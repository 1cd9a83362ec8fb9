"""Parameters that a model rejects, remembered for a day.

Some parameters are optional: a request that is rejected for one of them is repeated
without it, and later requests omit it from the start. So are the fields of messages that
only some servers know.
"""

import re
from collections.abc import Collection, Mapping
from http import HTTPStatus
from time import monotonic
from typing import Any

from agentarium.runtime.providers.base import ModelSettings

# After this time a parameter is sent again, since the server may have been upgraded.
KEPT_SECONDS = 86_400.0
# Users choose the values, so their number has to be bounded.
MAX_VALUES = 1000
# Parameters that some servers reject, and that a request works without.
OPTIONAL_PARAMETERS = (
    "stream_options",
    "temperature",
    "max_tokens",
    "max_completion_tokens",
    "top_p",
    "reasoning_effort",
    "seed",
    "stop",
    "parallel_tool_calls",
)
_REJECTING = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
# Phrases that reject a parameter itself, not only its value.
_UNSUPPORTED = re.compile(
    r"unsupported|not support|not permitted|not allowed|deprecated|unrecognized"
    r"|unknown|unexpected|extra inputs|cannot both be|extra_forbidden|only support",
    re.IGNORECASE,
)
# Any error about it counts: models that accept only one value phrase it differently.
_TEMPERATURE = "temperature"


Value = float | str | tuple[str, ...] | None


class RejectedParameters:
    """The parameters that one model of one server has recently rejected, with their values.

    Other values of these parameters are still sent. All users share the model's client:
    a value of one user that is out of range must not affect the requests of others.
    """

    def __init__(self) -> None:
        self._until: dict[tuple[str, Value], float] = {}

    def current(self, settings: ModelSettings) -> set[str]:
        """The parameters to omit from a request with these settings now."""
        now = monotonic()
        return {
            name
            for (name, value), until in self._until.items()
            if now < until and value == _value(name, settings)
        }

    def add(self, names: Collection[str], settings: ModelSettings) -> None:
        """Omit these values for a while. Call it after a request succeeded without them."""
        if len(self._until) >= MAX_VALUES:
            self._until.clear()
        for name in names:
            self._until[name, _value(name, settings)] = monotonic() + KEPT_SECONDS


def _value(name: str, settings: ModelSettings) -> Value:
    if name in ("max_tokens", "max_completion_tokens"):
        name = "max_output_tokens"
    value: Value = getattr(settings, name, None)
    return value


def rejected_parameter(
    status: int, error: Mapping[str, Any], sent: Collection[str]
) -> str | None:
    """The parameter in `sent` that a server's error rejects, or None.

    It is found by the name in the error object, or else by the error message.
    """
    if status not in _REJECTING:
        return None
    if error.get("param") in sent:
        return str(error["param"])
    message = error.get("message") or error.get("detail")
    return _named_in(message, sent) if isinstance(message, str) else None


def _named_in(message: str, sent: Collection[str]) -> str | None:
    for name in sent:
        if not re.search(rf"\b{re.escape(name)}\b", message, re.IGNORECASE):
            continue
        if name == _TEMPERATURE or _UNSUPPORTED.search(message):
            return name
    return None
