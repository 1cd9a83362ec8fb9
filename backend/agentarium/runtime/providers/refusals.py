"""Parameters that a model refuses, and for how long that is remembered.

A request can do without some parameters: one that is refused for one of them is sent
again without it, and the next ones are sent without it at once.
"""

import re
from collections.abc import Collection, Mapping
from http import HTTPStatus
from time import monotonic
from typing import Any

from agentarium.runtime.providers.base import ModelSettings

# After so many seconds a parameter is tried again: servers are upgraded.
REMEMBER_SECONDS = 3600.0
# Values are people's, so that their number has to be bounded.
MAX_VALUES = 1000
# What some servers refuse, and what a request can do without.
DISPENSABLE = ("stream_options", "temperature", "max_tokens", "max_completion_tokens")
_REFUSING = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
# How a sentence says that a parameter itself is not taken, whatever its value.
_NOT_TAKEN = re.compile(
    r"unsupported|not support|not permitted|not allowed|deprecated|unrecognized"
    r"|unknown|unexpected|extra inputs",
    re.IGNORECASE,
)
# Any complaint about it will do: the models that take only one value say so in words.
_TEMPERATURE = "temperature"


class Refusals:
    """What one model of one server has lately refused: parameters, each with its value.

    Another value is sent all the same. The model is everybody's: one person's value that
    is out of range must not take the parameter out of the requests of others.
    """

    def __init__(self) -> None:
        self._until: dict[tuple[str, float | None], float] = {}

    def remembered(self, settings: ModelSettings) -> set[str]:
        """The parameters to leave out now."""
        now = monotonic()
        known = (
            (name, self._until.get((name, _value(name, settings))))
            for name in DISPENSABLE
        )
        return {name for name, until in known if until is not None and now < until}

    def remember(self, names: Collection[str], settings: ModelSettings) -> None:
        """Leave these out for a while: without them, the request was accepted."""
        if len(self._until) >= MAX_VALUES:
            self._until.clear()
        for name in names:
            self._until[name, _value(name, settings)] = monotonic() + REMEMBER_SECONDS


def _value(name: str, settings: ModelSettings) -> float | None:
    match name:
        case "temperature":
            return settings.temperature
        case "max_tokens" | "max_completion_tokens":
            return settings.max_output_tokens
    return None


def refused_parameter(
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
