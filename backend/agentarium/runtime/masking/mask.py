"""Keeps known secrets out of what a task shows, stores and logs.

A tool's server may echo a request, and with it the secrets in its headers or address.
Every text that comes from outside passes a `SecretMask`, which replaces a secret, plain
or in a usual encoding, with `[secret]`.
"""

import base64
import binascii
import functools
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar

from ahocorasick_rs import AhoCorasick, MatchKind

from agentarium.runtime.masking.escapes import (
    Layer,
    PackedLayer,
    layers,
    without_surrogates,
)
from agentarium.runtime.masking.secret_forms import (
    is_too_short,
    packed_forms,
    plain_forms,
)

MASK = "[secret]"
# A character of a secret may take so many. What is longer is not the work of encodings.
_MAX_EXPANSION = 32
_START_CHARS = 6
Span = tuple[int, int]


class SecretMask:
    """Replaces known secrets in texts.

    The cost of a text is linear, however many secrets there are: each layer of its
    escapes is searched once for all of them.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        long = {value for value in values if not is_too_short(value)}
        self._plain = _Search({form for value in long for form in plain_forms(value)})
        self._packed = _Search({form for value in long for form in packed_forms(value)})
        longest = max(self._plain.longest, self._packed.longest)
        self._max_held = _MAX_EXPANSION * longest

    def __bool__(self) -> bool:
        return bool(self._plain.longest)

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
        if not self or not text:
            return text, ""
        found, open_at = layers(without_surrogates(text), is_last=is_last)
        searched = [(layer, self._plain) for layer in found]
        searched += [(PackedLayer(layer), self._packed) for layer in found]
        spans = _merged(
            span for layer, search in searched for span in search.spans(layer)
        )
        if is_last:
            return _masked(text, spans), ""
        first = len(text) - self._max_held
        begins = [search.open_start(layer, first) for layer, search in searched]
        end = min([open_at if open_at >= first else len(text), *begins])
        end = _before_what_it_cuts(end, found[-1], spans)
        shown = [span for span in spans if span[1] <= end]
        return _masked(text[:end], shown), text[end:]


class _Search:
    """Finds the forms of all secrets in a layer of a text, in one pass."""

    def __init__(self, forms: set[str]) -> None:
        self._forms = sorted(forms)
        self.longest = max(map(len, forms), default=0)
        self._starts = {
            form[:length] for form in forms for length in range(1, _START_CHARS + 1)
        }
        self._automaton = AhoCorasick(
            self._forms, matchkind=MatchKind.LeftmostLongest, store_patterns=False
        )

    def spans(self, layer: Layer) -> Iterator[Span]:
        """Where secrets stand in the original text."""
        for _, start, end in self._automaton.find_matches_as_indexes(layer.text):
            span = layer.source(start, end)
            if span[1] - span[0] <= _MAX_EXPANSION * (end - start):
                yield span

    def open_start(self, layer: Layer, first: int) -> int:
        """Where a secret may begin in the original text that ends behind the text.

        Places before `first` do not count. Without such a place, a large number.
        """
        text = layer.text
        for place in range(max(0, len(text) - self.longest + 1), len(text)):
            is_start = text[place : place + _START_CHARS] in self._starts
            if is_start and self._is_begun_by(text[place:]):
                begin = layer.source(place, place + 1)[0]
                if begin >= first:
                    return begin
        return _NOWHERE

    def _is_begun_by(self, text: str) -> bool:
        """Whether a form is longer than the text and begins with it."""
        following = bisect_right(self._forms, text)
        return following < len(self._forms) and self._forms[following].startswith(text)


_NOWHERE = 2**63


def _merged(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, with one for all that overlap."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _before_what_it_cuts(end: int, top: Layer, spans: Sequence[Span]) -> int:
    """The last place up to `end` that cuts neither an escape nor a secret."""
    while True:
        place = top.floor(end)
        index = bisect_right(spans, (place, -1))
        if index and place < spans[index - 1][1]:
            place = spans[index - 1][0]
        if place == end:
            return end
        end = place


def _masked(text: str, spans: Iterable[Span]) -> str:
    parts: list[str] = []
    done = 0
    for start, end in spans:
        parts += (text[done:start], MASK)
        done = end
    return "".join([*parts, text[done:]])


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
