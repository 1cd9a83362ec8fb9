"""Separates the reasoning that some servers leave at the beginning of the text.

`<think>` at the very beginning opens it. Servers whose prompt already ends in `<think>`
send only the end tag, on a line of its own: then the text before it is known to be
reasoning only after it was streamed.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from agentarium.runtime.messages import (
    Message,
    ModelResponse,
    Part,
    ReasoningPart,
    TextPart,
)
from agentarium.runtime.providers.base import Delta, ReasoningDelta, TextDelta

_TAGS = ("think", "thinking", "thought")
_OPENING = re.compile(rf"<({'|'.join(_TAGS)})>", re.IGNORECASE)
_CLOSING = re.compile(r"</think(?:ing)?>[ \t]*(?=\n|$)", re.IGNORECASE)
_LONGEST_TAG = max(len(tag) for tag in _TAGS) + len("<>")
_FENCE = "```"


class ThinkingSplitter:
    """Splits streamed text into reasoning and text, wherever a piece ends."""

    def __init__(self) -> None:
        self._held = ""
        # Of the block that is open.
        self._end_tag = ""
        self._is_text = False
        self._has_thought = False

    @property
    def has_thought(self) -> bool:
        """Whether the text began with a block of reasoning."""
        return self._has_thought

    def add(self, piece: str) -> Iterator[Delta]:
        """What is known with this piece."""
        if self._is_text:
            yield TextDelta(piece)
            return
        self._held += piece
        while self._held and (delta := self._next()):
            yield delta

    def finish(self) -> Iterator[Delta]:
        """What was held back, at the end of the text."""
        held, self._held = self._held, ""
        if held and self._end_tag:
            yield ReasoningDelta(held)
        elif held and not (self._has_thought and held.isspace()):
            yield TextDelta(held)

    def _next(self) -> Delta | None:
        """The next delta of what is held, or None if more has to arrive."""
        if self._is_text:
            held, self._held = self._held, ""
            return TextDelta(held)
        if self._end_tag:
            return self._next_reasoning()
        start = self._held.lstrip()
        if opening := _OPENING.match(start):
            self._end_tag = f"</{opening[1].lower()}>"
            self._has_thought = True
            self._held = start[opening.end() :]
            return self._next() if self._held else None
        is_open = len(start) < _LONGEST_TAG and _is_beginning_of_tag(start)
        if is_open:
            return None
        self._is_text = True
        self._held = start if self._has_thought else self._held
        return self._next()

    def _next_reasoning(self) -> Delta | None:
        place = self._held.lower().find(self._end_tag)
        if place < 0:
            place = len(self._held) - self._length_of_open_end()
            reasoning, self._held = self._held[:place], self._held[place:]
            return ReasoningDelta(reasoning) if reasoning else None
        reasoning = self._held[:place]
        self._held = self._held[place + len(self._end_tag) :].lstrip()
        self._end_tag = ""
        if reasoning:
            return ReasoningDelta(reasoning)
        return self._next() if self._held else None

    def _length_of_open_end(self) -> int:
        """How many characters at the end may be the beginning of the end tag."""
        lowered = self._held.lower()
        for length in range(min(len(self._end_tag) - 1, len(lowered)), 0, -1):
            if self._end_tag.startswith(lowered[-length:]):
                return length
        return 0


def separated(response: ModelResponse) -> ModelResponse:
    """The response whose text begins with a block of reasoning, with that as a part.

    The same response if it does not.
    """
    splitter = ThinkingSplitter()
    parts = [part for each in response.message.parts for part in _split(each, splitter)]
    rest = [_part_of(delta) for delta in splitter.finish()]
    if not splitter.has_thought:
        return response
    return _with_parts(response, [*parts, *rest])


def _split(part: Part, splitter: ThinkingSplitter) -> Iterator[Part]:
    if isinstance(part, TextPart):
        for delta in _joined(splitter.add(part.text)):
            yield replace(_part_of(delta), provider_metadata=part.provider_metadata)
    else:
        yield from (_part_of(delta) for delta in splitter.finish())
        yield part


def _joined(deltas: Iterator[Delta]) -> list[Delta]:
    joined: list[Delta] = []
    for delta in deltas:
        if joined and type(joined[-1]) is type(delta):
            joined[-1] = type(delta)(joined[-1].text + delta.text)
        else:
            joined.append(delta)
    return joined


def _part_of(delta: Delta) -> TextPart | ReasoningPart:
    is_text = isinstance(delta, TextDelta)
    return TextPart(delta.text) if is_text else ReasoningPart(delta.text)


def ended_thinking(response: ModelResponse) -> ModelResponse | None:
    """The response whose reasoning has only an end tag, with that as a part, or None."""
    text = response.message.text
    closing = _CLOSING.search(text)
    if closing is None or response.message.reasoning:
        return None
    before, after = text[: closing.start()], text[closing.end() :].lstrip()
    # A tag within a code block is what the answer is about.
    if before.count(_FENCE) % 2:
        return None
    others = [p for p in response.message.parts if not isinstance(p, TextPart)]
    parts: list[Part] = [ReasoningPart(before)] if before.strip() else []
    parts += [TextPart(after)] if after else []
    return _with_parts(response, [*parts, *others])


def _with_parts(response: ModelResponse, parts: list[Part]) -> ModelResponse:
    message = Message(response.message.role, tuple(parts))
    return replace(response, message=message)


def _is_beginning_of_tag(text: str) -> bool:
    return any(f"<{tag}>".startswith(text.lower()) for tag in _TAGS)
