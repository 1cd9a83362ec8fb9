"""Undoes the escapes of JSON, URLs, HTML and programming languages in a text.

A text may be escaped several times, and each time otherwise. So each layer undoes all
kinds of escapes once, and knows which characters of the original text it has read.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from html import unescape
from html.entities import html5
from itertools import accumulate

# As often may a text be escaped.
MAX_LAYERS = 6

_HEX = "[0-9a-fA-F]"
_ENTITY = rf"&(?:\#[0-9]{{1,20}}|\#[xX]{_HEX}{{1,16}}|[A-Za-z][A-Za-z0-9]{{1,31}})"
_COMPLETE = rf"""
    \\(?:u{_HEX}{{4}}|U{_HEX}{{8}}|[ux]\{{{_HEX}{{1,8}}\}}|x{_HEX}{{2}}|[0-3][0-7]{{2}})
  | \\[nrt!-$'-/:-@\[-`{{-~]
  | %u{_HEX}{{4}} | %{_HEX}{{2}}
  | {_ENTITY};?
"""
# What the next characters may complete, or make longer.
_OPEN = rf"""(?:
    \\(?:u{_HEX}{{0,3}}|U{_HEX}{{0,7}}|[ux]\{{{_HEX}{{0,8}}|x{_HEX}?|[0-3][0-7]?)?
  | %(?:u{_HEX}{{0,3}}|{_HEX})?
  | {_ENTITY} | &(?:\#[xX]?|[A-Za-z])?
)\Z"""
_ESCAPES = re.compile(f"({_COMPLETE})", re.VERBOSE)
_ESCAPES_OR_OPEN = re.compile(f"({_OPEN}|{_COMPLETE})", re.VERBOSE)
_IS_OPEN = re.compile(_OPEN, re.VERBOSE)
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}
_SPACES = re.compile(r"(\s+)")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PRIVATE = 0xF0000


class Layer:
    """A text that was made from another one, piece by piece.

    Pieces that are the same in both were copied, the others were replaced as a whole.
    """

    def __init__(
        self,
        text: str,
        below: "Layer | None" = None,
        pieces: Sequence[str] = (),
        replaced: Sequence[str] = (),
    ) -> None:
        self.text = text
        self._below = below
        self._pieces = pieces
        self._replaced = replaced
        self._starts: tuple[list[int], list[int]] | None = None

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Where the characters from `start` to `end` stand in the original text.

        `end` is behind `start`. An escape counts as a whole.
        """
        if self._below is None:
            return start, end
        return self._below.source(self._place(start)[0], self._place(end - 1)[1])

    def floor(self, source: int) -> int:
        """The beginning of the escapes around a place in the original text."""
        place = self._find(source)
        return source if place is None else self.source(place, place + 1)[0]

    def _find(self, source: int) -> int | None:
        """The character of this layer that stands at a place in the original text.

        None behind the end of this layer.
        """
        place = source if self._below is None else self._below._find(source)
        if self._below is None or place is None:
            return place
        before, after = self._find_starts()
        piece = bisect_right(before, place) - 1
        if piece == len(self._pieces):
            return None
        return after[piece] + (place - before[piece] if self._is_copy(piece) else 0)

    def _place(self, place: int) -> tuple[int, int]:
        """The beginning and the end of a character in the layer below."""
        before, after = self._find_starts()
        piece = bisect_right(after, place) - 1
        if not self._is_copy(piece):
            return before[piece], before[piece + 1]
        start = before[piece] + place - after[piece]
        return start, start + 1

    def _is_copy(self, piece: int) -> bool:
        return self._pieces[piece] == self._replaced[piece]

    def _find_starts(self) -> tuple[list[int], list[int]]:
        if self._starts is None:
            self._starts = _starts(self._pieces), _starts(self._replaced)
        return self._starts


class PackedLayer(Layer):
    """A layer without its white space, and with `+/` for `-_`.

    Base64 is broken into lines, and comes in two alphabets.
    """

    def __init__(self, below: Layer) -> None:
        super().__init__(packed(below.text), below)
        self._unpacked = below.text

    def _find_starts(self) -> tuple[list[int], list[int]]:
        if self._starts is None:
            self._pieces = _SPACES.split(self._unpacked)
            self._replaced = list(self._pieces)
            self._replaced[1::2] = [""] * (len(self._pieces) // 2)
        return super()._find_starts()


def layers(text: str, *, is_last: bool) -> tuple[list[Layer], int]:
    """The text, and the text with its escapes undone once, twice and so on.

    Also where an escape begins that the next characters may complete; that is the end of
    the text if it `is_last`.
    """
    layer = Layer(text)
    found, open_at = [layer], len(text)
    for _ in range(MAX_LAYERS):
        pieces = (_ESCAPES if is_last else _ESCAPES_OR_OPEN).split(layer.text)
        if not is_last and not pieces[-1] and _is_open(pieces):
            size = len(layer.text)
            begin = size - len(pieces[-2])
            open_at = min(open_at, layer.source(begin, size)[0])
            del pieces[-2:]
        replaced = _decoded(pieces)
        text = "".join(replaced)
        if text == layer.text:
            break
        layer = Layer(text, layer, pieces, replaced)
        found.append(layer)
    return found, open_at


def packed(text: str) -> str:
    """The text without its white space, and with `+/` for `-_`."""
    return "".join(text.split()).replace("-", "+").replace("_", "/")


def unescaped(text: str) -> Iterator[str]:
    """The text, and the text with its escapes undone once, twice and so on."""
    return (layer.text for layer in layers(text, is_last=True)[0])


def without_surrogates(text: str) -> str:
    """The text with private characters for halves of characters.

    UTF-8 does not have these, so what searches UTF-8 cannot read them.
    """
    if text.isascii():
        return text
    return _SURROGATE.sub(lambda half: _private(ord(half[0])), text)


def split_into_halves(text: str) -> str:
    """The text as JSON escapes give it: two halves for characters above U+FFFF."""
    data = text.encode("utf-16-le", "surrogatepass")
    units = (data[place : place + 2] for place in range(0, len(data), 2))
    return without_surrogates(
        "".join(chr(int.from_bytes(unit, "little")) for unit in units)
    )


def _is_open(pieces: list[str]) -> bool:
    return len(pieces) > 1 and _IS_OPEN.fullmatch(pieces[-2]) is not None


def _decoded(pieces: list[str]) -> list[str]:
    decoded = list(pieces)
    decoded[1::2] = map(_Decoder().__getitem__, pieces[1::2])
    return decoded


def _starts(pieces: Iterable[str]) -> list[int]:
    return list(accumulate(map(len, pieces), initial=0))


class _Decoder(dict[str, str]):
    """The escapes that occur in one text, each decoded once."""

    def __missing__(self, escape: str) -> str:
        decoded = self[escape] = _decode(escape)
        return decoded


def _decode(escape: str) -> str:
    if escape[0] == "&":
        return _decode_entity(escape)
    code = escape[1:]
    if escape[0] == "%":
        return _character(code.lstrip("u"), 16)
    if code[0] in "uUx":
        return _character(code[1:].strip("{}"), 16)
    return _character(code, 8) if code.isdigit() else _CONTROLS.get(code, code)


def _decode_entity(escape: str) -> str:
    if escape[1] == "#":
        return unescape(escape)
    name = escape[1:].removesuffix(";")
    # HTML knows some names without a semicolon, but these end where a word does.
    return html5.get(f"{name};", escape)


def _character(digits: str, base: int) -> str:
    code = int(digits, base)
    if code > 0x10FFFF:
        return "\ufffd"
    return _private(code) if 0xD800 <= code < 0xE000 else chr(code)


def _private(half: int) -> str:
    return chr(_PRIVATE + half - 0xD800)
