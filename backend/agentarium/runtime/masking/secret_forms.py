"""How a text may show a secret, once its escapes are undone."""

import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote

from agentarium.runtime.masking.escapes import (
    packed,
    split_into_halves,
    unescaped,
    without_surrogates,
)

# Shorter values would mask ordinary words, and hide little.
MIN_CHARS = 8


def is_too_short(value: str) -> bool:
    """Whether a value is too short to be masked."""
    return len(value) < MIN_CHARS


def plain_forms(value: str) -> set[str]:
    """The characters of a secret, as one of the layers of a text shows them.

    A secret may look like an escape itself, so what it stands for is a form, too.
    """
    forms = {
        form
        for written in _written(value)
        for form in unescaped(without_surrogates(written))
    }
    # A backslash at the end may make an escape of what follows.
    forms |= {form.rstrip("\\") for form in forms}
    return {form for form in forms if not is_too_short(form)}


def packed_forms(value: str) -> set[str]:
    """A secret in lines, in base64 and in hexadecimal, as a packed layer shows it."""
    in_lines = packed(value)
    forms = set() if is_too_short(in_lines) else {in_lines}
    for data in _bytes_of(value):
        forms |= {data.hex(), data.hex().upper(), *_base64_forms(data)}
    return forms


def _written(value: str) -> Iterator[str]:
    yield value
    # Forms write a space so.
    yield value.replace(" ", "+")
    # Escaped bytes are read as if they were Latin-1.
    yield value.encode("utf-8", "surrogatepass").decode("latin-1")
    yield split_into_halves(value)


def _bytes_of(value: str) -> set[bytes]:
    """The secret as it may stand in what is encoded: often a header, JSON or a URL."""
    in_json = json.dumps(value)[1:-1]
    texts = (
        value,
        in_json,
        json.dumps(value, ensure_ascii=False)[1:-1],
        in_json.replace("/", "\\/"),
        _escaped_for_scripts(in_json),
        html.escape(value),
        quote(value, safe="", errors="replace"),
    )
    data = {text.encode("utf-8", "surrogatepass") for text in texts}
    other = {value.encode("latin-1", "replace"), value.encode("utf-16-le", "replace")}
    return data | other


def _escaped_for_scripts(text: str) -> str:
    """As Go writes JSON."""
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _base64_forms(data: bytes) -> Iterator[str]:
    """The characters of a base64 text that depend only on the data.

    They differ with the number of bytes that stand before it.
    """
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data + bytes(2)).decode()
        first, last = -(-before * 8 // 6), (before + len(data)) * 8 // 6
        yield encoded[first:last]
