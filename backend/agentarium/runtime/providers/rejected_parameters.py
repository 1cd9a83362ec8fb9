"""Parameters that a model refuses, and for how long that is remembered.

A request can do without some parameters: one that is rejected for one of them is sent
again without it, and the next ones are sent without it at once.
"""

import re
from collections.abc import Collection, Mapping
from http import HTTPStatus
from time import monotonic
from typing import Any

# After so many seconds a parameter is tried again: servers are upgraded.
RETRY_SECONDS = 3600.0
_REFUSING = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
# How a sentence says that a parameter itself is not taken, whatever its value.
_NOT_TAKEN = re.compile(
    r"unsupported|not support|not permitted|not allowed|deprecated|unrecognized"
    r"|unknown|unexpected|extra inputs",
    re.IGNORECASE,
)
# Any complaint about it will do: the models that take only one value say so in words.
_TEMPERATURE = "temperature"


class RejectedParameters:
    """What one model of one server has lately rejected."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def current(self) -> set[str]:
        """The parameters to leave out now."""
        now = monotonic()
        return {name for name, until in self._until.items() if now < until}

    def add(self, names: Collection[str]) -> None:
        """Leave these out for a while: without them, the request was accepted."""
        for name in names:
            self._until[name] = monotonic() + RETRY_SECONDS


def rejected_parameter(
    status: int, error: Mapping[str, Any], sent: Collection[str]
) -> str | None:
    """Which of the parameters `sent` a server's error says that it does not take.

    By the name that the error gives, else by its sentence.
    """
    if status not in _REFUSING:
        return None
    if error.get("param") in sent:
        return str(error["param"])
    said = error.get("message") or error.get("detail")
    return _named_in(said, sent) if isinstance(said, str) else None


def _named_in(sentence: str, sent: Collection[str]) -> str | None:
    for name in sent:
        if not re.search(rf"\b{name}\b", sentence, re.IGNORECASE):
            continue
        if name == _TEMPERATURE or _NOT_TAKEN.search(sentence):
            return name
    return None
