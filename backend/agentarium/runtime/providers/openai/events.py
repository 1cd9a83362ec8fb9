"""Reads the JSON objects in the events of servers that are not strict about JSON."""

import json
from collections.abc import Iterator
from typing import Any

import orjson

from agentarium.runtime.json_size import has_too_many_containers

_DECODER = json.JSONDecoder(strict=False)
_WHITE_SPACE = " \t\r\n"


class GarbledEventError(ValueError):
    """An event that begins like a JSON object and is none."""


def objects_in(event: bytes) -> list[dict[str, Any]]:
    """The JSON objects of an event, usually one.

    Empty if the event is something else, such as a keep-alive. Bytes that are not UTF-8
    become surrogates, which `TextRepair` resolves. Raises `GarbledEventError`.
    """
    if has_too_many_containers(event):
        raise GarbledEventError
    try:
        values = [orjson.loads(event)]
    except orjson.JSONDecodeError:
        values = list(_tolerantly_decoded(event))
    return [value for value in values if isinstance(value, dict)]


def _tolerantly_decoded(event: bytes) -> Iterator[Any]:
    """Decode what orjson refuses: NaN, half a character, several values in one event."""
    while event.startswith(b"data:"):
        event = event.removeprefix(b"data:").lstrip()
    if not event.startswith(b"{"):
        return
    text = event.decode("utf-8", "surrogateescape")
    place = 0
    while place < len(text):
        try:
            value, place = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            raise GarbledEventError from None
        yield value
        while text[place : place + 1] and text[place] in _WHITE_SPACE:
            place += 1
