"""Reads the arguments that a model wrote for a tool call."""

from typing import Any

import orjson

from agentarium.runtime.json_size import has_too_many_containers

MAX_ARGUMENTS_CHARS = 1_000_000
# Some gateways encode an object as a string, and the next one does it again.
_MAX_ENCODINGS = 3


class ArgumentsError(ValueError):
    """Arguments that are not a JSON object; the message says why, for the model."""


def parse_arguments(text: str) -> dict[str, Any]:
    """The arguments. Raises `ArgumentsError`.

    Nothing and `null`, which models send to tools without parameters, are no arguments.
    An object that is encoded as a JSON string is taken as that object.
    """
    value = _parsed(text)
    for _ in range(_MAX_ENCODINGS):
        if isinstance(value, str) and value.strip()[:1] in ("{", '"'):
            value = _parsed(value)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ArgumentsError("The arguments must be a JSON object.")
    return value


def plain_arguments(text: str) -> str:
    """The arguments as the text of a JSON object. Raises `ArgumentsError`.

    Unchanged if they are one already.
    """
    arguments = parse_arguments(text)
    return text if text.lstrip().startswith("{") else orjson.dumps(arguments).decode()


def _parsed(text: str) -> Any:
    if len(text) > MAX_ARGUMENTS_CHARS:
        raise ArgumentsError("The arguments are too long.")
    if has_too_many_containers(text):
        raise ArgumentsError("The arguments have too many arrays and objects.")
    try:
        return orjson.loads(text.strip() or "{}")
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise ArgumentsError(f"The arguments are not valid JSON: {error}.") from error
