"""Parameters that a model rejects, remembered for an hour.

Some parameters are optional: a request that is rejected for one of them is repeated
without it, and later requests omit it from the start.
"""

import re
from collections.abc import Collection, Mapping
from http import HTTPStatus
from time import monotonic
from typing import Any

# After this time a parameter is sent again, since the server may have been upgraded.
KEPT_SECONDS = 3600.0
_REJECTING = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
# Phrases that reject a parameter itself, not only its value.
_UNSUPPORTED = re.compile(
    r"unsupported|not support|not permitted|not allowed|deprecated|unrecognized"
    r"|unknown|unexpected|extra inputs",
    re.IGNORECASE,
)
# Any error about it counts: models that accept only one value phrase it differently.
_TEMPERATURE = "temperature"


class RejectedParameters:
    """The parameters that one model of one server has recently rejected."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def current(self) -> set[str]:
        """The parameters to omit now."""
        now = monotonic()
        return {name for name, until in self._until.items() if now < until}

    def add(self, names: Collection[str]) -> None:
        """Omit these for a while. Call it after a request succeeded without them."""
        for name in names:
            self._until[name] = monotonic() + KEPT_SECONDS


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
        if not re.search(rf"\b{name}\b", message, re.IGNORECASE):
            continue
        if name == _TEMPERATURE or _UNSUPPORTED.search(message):
            return name
    return None
