"""Joins characters that a server has split over the deltas of its stream."""

import codecs
import re

_SURROGATE = re.compile("[\ud800-\udfff]")
_HIGH = re.compile("[\ud800-\udbff]$")
# All lone surrogates but those that stand for a byte (see `objects_in`).
_NO_BYTE = re.compile("[\ud800-\udc7f\udd00-\udfff]")
_UNKNOWN = "\ufffd"


class TextRepair:
    """Makes the pieces of one text valid Unicode, whatever a server sends.

    A character that two pieces share, as surrogates or as bytes, comes with the second
    one. What belongs to no character becomes U+FFFD.
    """

    def __init__(self) -> None:
        self._high = ""
        self._bytes = codecs.getincrementaldecoder("utf-8")("replace")

    def add(self, piece: str) -> str:
        """The text that is complete with this piece."""
        if not self._is_open and (piece.isascii() or not _SURROGATE.search(piece)):
            return piece
        text = self._high + piece
        self._high = text[-1] if _HIGH.search(text) else ""
        text = text[: len(text) - len(self._high)]
        # A high and a low surrogate become one character.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        text = _NO_BYTE.sub(_UNKNOWN, text)
        return self._bytes.decode(text.encode("utf-8", "surrogateescape"))

    def finish(self) -> str:
        """What stands for half a character at the end of the text."""
        if not self._is_open:
            return ""
        end = _UNKNOWN if self._high else ""
        self._high = ""
        return self._bytes.decode(b"", final=True) + end

    @property
    def _is_open(self) -> bool:
        return bool(self._high or self._bytes.getstate()[0])


def repaired(text: str) -> str:
    """A complete text as valid Unicode."""
    repair = TextRepair()
    return repair.add(text) + repair.finish()
