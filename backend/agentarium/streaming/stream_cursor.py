"""Where a reader of a task's live output is."""

import re
from dataclasses import dataclass
from typing import Self

from agentarium.core.exceptions import InvalidInputError

_FORM = re.compile(r"(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9})\.(\d{1,9}))?", re.ASCII)


class InvalidStreamCursorError(InvalidInputError):
    """The cursor is not one that a stream of this task has sent."""

    code = "invalid_cursor"


@dataclass(frozen=True, slots=True, order=True)
class StreamCursor:
    """All events up to (attempt, seq), and so many characters of the step after it.

    Written `attempt.seq.text.reasoning`; the last two may be left out. It says how far
    a reader is in terms of what is stored, so that any process can go on from it.
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
        if match := _FORM.fullmatch(value):
            return cls(*(int(part) for part in match.groups(default="0")))
        raise InvalidStreamCursorError

    def __str__(self) -> str:
        return f"{self.attempt}.{self.seq}.{self.text}.{self.reasoning}"
