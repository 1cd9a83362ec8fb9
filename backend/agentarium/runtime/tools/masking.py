"""Keeps known secrets out of what a task shows, stores and logs.

A tool's server may echo a request, and with it the secrets in its headers or address.
Every text that comes from outside passes a `SecretMask`, which replaces a secret, plain
or in a usual encoding, with `[secret]`.
"""

import base64
import binascii
import functools
import html
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from urllib.parse import quote, quote_plus

MASK = "[secret]"
# Shorter values would mask ordinary words, and hide little.
MIN_CHARS = 8
_START_CHARS = 6
# Comparisons in one text. Only a text that is made for it needs more.
_MAX_COMPARISONS = 500_000


class SecretMask:
    """Replaces known secrets in texts.

    The cost of a text is bounded, however many secrets there are: places where one may
    begin are found by its first characters, and a text with too many of these is cut.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        forms = sorted({form for value in values for form in _forms(value)})
        # The first characters of the forms -> the forms, the longest first.
        self._by_start: dict[str, list[str]] = {}
        for form in sorted(forms, key=len, reverse=True):
            self._by_start.setdefault(form[:_START_CHARS], []).append(form)
        # What may be the beginning of a secret at the end of a text.
        self._ends = frozenset(
            start[:length]
            for start in self._by_start
            for length in range(1, _START_CHARS)
        )

    def __bool__(self) -> bool:
        return bool(self._by_start)

    def apply(self, text: str) -> str:
        """The text without the secrets."""
        return self._split(text, is_last=True)[0]

    def beginning(self, text: str, max_chars: int) -> tuple[str, bool]:
        """The first characters of a text without the secrets, and if there is more.

        It does not end in the middle of a secret.
        """
        if len(text) <= max_chars:
            return self.apply(text), False
        return self.split(text[:max_chars])[0], True

    def split(self, text: str) -> tuple[str, str]:
        """The masked text, and an end of it that may be the beginning of a secret.

        The end is not masked yet: put it before the text that follows.
        """
        return self._split(text, is_last=False)

    def _split(self, text: str, *, is_last: bool) -> tuple[str, str]:
        if not self._by_start or not text:
            return text, ""
        parts: list[str] = []
        done = comparisons = 0
        for place in self._places(text):
            if place < done:
                continue
            comparisons += len(self._by_start[text[place : place + _START_CHARS]])
            if comparisons > _MAX_COMPARISONS:
                return "".join([*parts, text[done:place], MASK]), ""
            form, is_open = self._form_at(text, place)
            if is_open and not is_last:
                return "".join([*parts, text[done:place]]), text[place:]
            if form:
                parts += (text[done:place], MASK)
                done = place + len(form)
        held = 0 if is_last else self._open_end(text, done)
        end = len(text) - held
        return "".join([*parts, text[done:end]]), text[end:]

    def _places(self, text: str) -> Iterable[int]:
        """The places where a secret may begin, in order."""
        starts = self._by_start
        if len(text) <= 10 * len(starts):
            return (
                place
                for place in range(len(text) - _START_CHARS + 1)
                if text[place : place + _START_CHARS] in starts
            )
        found = (place for start in starts for place in _all_places(text, start))
        return sorted(found)

    def _form_at(self, text: str, place: int) -> tuple[str, bool]:
        """The longest secret at a place, and whether a longer one may be cut off."""
        left = len(text) - place
        is_open = False
        for form in self._by_start[text[place : place + _START_CHARS]]:
            if text.startswith(form, place):
                return form, is_open
            is_open |= left < len(form) and form.startswith(text[place:])
        return "", is_open

    def _open_end(self, text: str, done: int) -> int:
        """The length of an end that is shorter than the beginnings of secrets."""
        for length in range(min(_START_CHARS - 1, len(text) - done), 0, -1):
            if text[-length:] in self._ends:
                return length
        return 0


def _all_places(text: str, start: str) -> Iterator[int]:
    place = text.find(start)
    while place >= 0:
        yield place
        place = text.find(start, place + 1)


NO_MASK = SecretMask()
# The mask of the execution that is running, for its log.
current_mask: ContextVar[SecretMask] = ContextVar("current_mask", default=NO_MASK)


class MaskedStream:
    """Masks a text that arrives in pieces, wherever a piece ends."""

    def __init__(self, mask: SecretMask) -> None:
        self._mask = mask
        self._held = ""

    def add(self, piece: str) -> str:
        """What can be shown now; the rest follows with the next pieces."""
        masked, self._held = self._mask.split(self._held + piece)
        return masked

    def finish(self) -> str:
        """The rest."""
        held, self._held = self._held, ""
        return self._mask.apply(held)


_SCHEMES = frozenset({"bearer", "basic", "token", "apikey", "digest"})


def secrets_of_headers(headers: Mapping[str, str]) -> Iterator[str]:
    """The secrets in headers: the values, and their parts without a scheme.

    Of basic authentication also what it encodes.
    """
    for value in headers.values():
        scheme, _, rest = value.partition(" ")
        # The scheme is no secret: `Bearer [secret]` says more than `[secret]`.
        yield rest.strip() if scheme.lower() in _SCHEMES else value
        if scheme.lower() == "basic":
            yield from _basic_parts(rest.strip())


def _basic_parts(encoded: str) -> Iterator[str]:
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        return
    yield decoded
    yield decoded.partition(":")[2]


@functools.lru_cache(maxsize=256)
def mask_of(values: frozenset[str]) -> SecretMask:
    """The mask of these secrets. Making one takes longer than using it."""
    return SecretMask(values)


def is_too_short(value: str) -> bool:
    """Whether a value is too short to be masked."""
    return len(value) < MIN_CHARS


# How a server may write a value that it was sent.
_ENCODINGS: tuple[Callable[[str], str], ...] = (
    str,
    lambda value: quote(value, safe=""),
    lambda value: quote(value, safe="").replace("~", "%7E"),
    quote,
    quote_plus,
    html.escape,
    lambda value: json.dumps(value)[1:-1],
    lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    lambda value: json.dumps(value)[1:-1].replace("/", "\\/"),
    lambda value: value.encode().hex(),
    lambda value: value.encode().hex().upper(),
)


def _forms(value: str) -> Iterator[str]:
    """A secret as it is, and in usual encodings."""
    if is_too_short(value):
        return
    for encode in _ENCODINGS:
        form = encode(value)
        yield form
        # Servers write %2f as well as %2F.
        if "%" in form:
            yield _lower_escapes(form)
    yield from _base64_forms(value)


def _lower_escapes(text: str) -> str:
    head, *escapes = text.split("%")
    return "%".join([head, *(part[:2].lower() + part[2:] for part in escapes)])


def _base64_forms(value: str) -> Iterator[str]:
    """The characters of a base64 text that depend only on the value.

    They differ with the number of bytes that stand before it.
    """
    data = value.encode()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data + bytes(2)).decode()
        first, last = -(-before * 8 // 6), (before + len(data)) * 8 // 6
        yield encoded[first:last]
        yield encoded[first:last].replace("+", "-").replace("/", "_")
