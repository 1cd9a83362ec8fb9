"""The stream cursor: a place in a task's event stream."""

import re
from dataclasses import dataclass
from typing import Self

from agentarium.core.exceptions import InvalidInputError

_PATTERN = re.compile(r"(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9})\.(\d{1,9}))?", re.ASCII)


class InvalidStreamCursorError(InvalidInputError):
    """The cursor is invalid. Pass the id of an event of this task's stream."""

    code = "invalid_cursor"


@dataclass(frozen=True, slots=True, order=True)
class StreamCursor:
    """All events up to (attempt, seq), and the lengths of the text received after it.

    Written `attempt.seq.text.reasoning`; the last two, in characters, are optional. It
    refers only to what is stored, so any process can continue from it.
    """

    attempt: int = 0
    seq: int = 0
    text: int = 0
    reasoning: int = 0

    @classmethod
    def parse(cls, value: str) -> Self:
        """The cursor of `Last-Event-ID` or `?after=`. Raises `InvalidStreamCursorError`."""
        if not value:
            return cls()
        if match := _PATTERN.fullmatch(value):
            return cls(*(int(part) for part in match.groups(default="0")))
        raise InvalidStreamCursorError

    def __str__(self) -> str:
        return f"{self.attempt}.{self.seq}.{self.text}.{self.reasoning}"
