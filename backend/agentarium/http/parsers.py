"""The parser of request bodies, and what a body may contain.

It decides for all operations what the databases, the JSON encoder and the validators can
handle, and it bounds the work that validating a body takes: serializers look at each value.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import accumulate, islice
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.settings import api_settings

from agentarium.core.exceptions import (
    ContentTooLargeError,
    FieldError,
    InvalidInputError,
)

MAX_DEPTH = 100
# Strings, numbers, lists and so on, and names of objects.
MAX_VALUES = 50_000
# What every encoder and database stores exactly.
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**64 - 1
# Number of errors that a response lists.
MAX_ERRORS = 20
# PostgreSQL stores no NUL, and UTF-8 has no surrogates.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(set(range(256)) - _STEPS.keys())

# The codes of text are those of REST framework.
NULL_CHARACTER = FieldError(
    "null_characters_not_allowed", "Null characters are not allowed."
)
SURROGATE = FieldError(
    "surrogate_characters_not_allowed",
    "Half of a surrogate pair is not allowed. Send both halves.",
)
OUT_OF_RANGE = FieldError(
    "out_of_range", "The number is too large. Numbers have at most 64 bits."
)

# What leads to a value: the path of what contains it, and its name or position there.
Path = tuple[Any, ...]


class BoundedJSONParser(JSONParser):
    """JSON up to the upload limit, as `read_json` reads it."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        meta = (parser_context or {})["request"].META
        # Django reads at most this many bytes, and nothing without a valid number.
        length = str(meta.get("CONTENT_LENGTH", ""))
        if length.isdecimal() and int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise ContentTooLargeError
        return read_json(stream.read())


def read_json(body: bytes) -> Any:
    """Parse JSON that comes from a client: I-JSON (RFC 7493), in UTF-8.

    Raises `ParseError` if it is something else, is nested too deeply or has too many
    values, and `InvalidInputError`, with the names of the fields, for values that cannot
    be stored.
    """
    _check_size(body)
    try:
        value = _DECODER.decode(body.decode())
    except ValueError as error:
        raise ParseError(f"The body is not valid JSON: {error}.") from error
    errors: dict[str, list[FieldError]] = {}
    for path, found in islice(_errors(value), MAX_ERRORS):
        errors.setdefault(_dotted(path), []).append(found)
    if errors:
        raise InvalidInputError(errors=errors)
    return value


# --- Size: decided on the bytes, because parsing too many values is expensive -------


def _check_size(body: bytes) -> None:
    unescaped = body.replace(rb"\\", b"").replace(rb"\"", b"")
    if unescaped.count(b'"') <= 2 * MAX_VALUES:
        # Without its strings, which are between the quotes.
        outline = b"".join(unescaped.split(b'"')[::2])
        separators = sum(outline.count(mark) for mark in (b",", b":", b"[", b"{"))
        if separators < MAX_VALUES:
            return _check_depth(outline)
    raise ParseError(f"The JSON has more than {MAX_VALUES:,} values.")


def _check_depth(outline: bytes) -> None:
    brackets = outline.translate(None, delete=_NO_BRACKETS)
    depths = accumulate(map(_STEPS.__getitem__, brackets))
    if max(depths, default=0) > MAX_DEPTH:
        raise ParseError(f"The JSON is nested more than {MAX_DEPTH} levels deep.")


# --- Values ------------------------------------------------------------------------


def _read_integer(digits: str) -> int:
    """The number, or one that is out of range as well: long ones are slow to read."""
    return int(digits[:21])


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        raise ValueError(f"the name {_first_repeated(pairs)!r:.100} is used twice")
    return read


def _first_repeated(pairs: list[tuple[str, Any]]) -> str:
    counts = Counter(name for name, _ in pairs)
    return next(name for name, count in counts.items() if count > 1)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_read_object,
    parse_int=_read_integer,
    parse_constant=_refuse_constant,
)


def _errors(root: Any) -> Iterator[tuple[Path, FieldError]]:
    """What is wrong with the values, with their paths. Does not recurse."""
    pending: list[tuple[Path, Any]] = [((), root)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, dict):
            pending += [((path, name), child) for name, child in value.items()]
            yield from ((path, error) for error in map(_text_error, value) if error)
        elif isinstance(value, list):
            pending += [((path, place), child) for place, child in enumerate(value)]
        elif error := _error(value):
            yield path, error


def _error(value: Any) -> FieldError | None:
    if isinstance(value, str):
        return _text_error(value)
    is_in_range = (
        value is None
        or (isinstance(value, int) and MIN_INTEGER <= value <= MAX_INTEGER)
        or (isinstance(value, float) and math.isfinite(value))
    )
    return None if is_in_range else OUT_OF_RANGE


def _text_error(text: str) -> FieldError | None:
    if "\0" in text:
        return NULL_CHARACTER
    try:
        # Faster than a search for surrogates.
        text.encode()
    except UnicodeEncodeError:
        return SURROGATE
    return None


def _dotted(path: Path) -> str:
    names: list[str] = []
    while path:
        path, name = path
        names.append(_UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", str(name)))
    return ".".join(reversed(names)) or api_settings.NON_FIELD_ERRORS_KEY
