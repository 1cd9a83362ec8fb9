"""What a server sends next to its text and its calls, and expects back unchanged.

Gemini, for one, refuses a request in which a call lacks its signature, and the thinking
models of Kimi and DeepSeek refuse one in which calls lack the reasoning before them. The
fields are not understood here: they are kept as they came, with the name of the provider
that sent them, and go back to that provider only.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# Fields of a message in which servers stream the text of its reasoning.
REASONING_FIELDS = ("reasoning_content", "reasoning", "reasoning_text")
_OPAQUE_FIELD = re.compile(
    r"reason|think|thought|signature|encrypted|opaque|extra_content|provider_specific"
)
_CALL_FIELDS = frozenset({"index", "id", "type", "function"})
_FUNCTION_FIELDS = frozenset({"name", "arguments"})
# The text of a block of reasoning, which comes in pieces.
_BLOCK_TEXTS = ("text", "summary", "thinking")


class OpaqueFields:
    """Collects the fields of one message or call from the pieces of a stream."""

    def __init__(self) -> None:
        self._fields: dict[str, Any] = {}

    def __bool__(self) -> bool:
        return bool(self._fields)

    def add_message(self, message: Mapping[str, Any]) -> int:
        """Add the fields of a message's piece. Returns about how many characters."""
        found = (
            (name, value)
            for name, value in message.items()
            if _OPAQUE_FIELD.search(name)
            and not (name in REASONING_FIELDS and isinstance(value, str))
        )
        return self._add(found)

    def add_call(self, call: Mapping[str, Any]) -> int:
        """Add the fields of a call's piece. Returns about how many characters."""
        return self._add((n, v) for n, v in call.items() if n not in _CALL_FIELDS)

    def add_function(self, function: Mapping[str, Any]) -> int:
        """Add the fields of a function's piece. Returns about how many characters."""
        return self._add(
            (n, v) for n, v in function.items() if n not in _FUNCTION_FIELDS
        )

    def as_dict(self) -> dict[str, Any]:
        return self._fields

    def _add(self, found: Iterable[tuple[str, Any]]) -> int:
        size = 0
        for name, value in found:
            # A field without a value means that it has none in this piece.
            if value is None or value in ("", [], {}):
                continue
            size += len(repr(value))
            self._fields[name] = _joined(self._fields.get(name), value)
        return size


def _joined(known: Any, piece: Any) -> Any:
    if isinstance(known, dict) and isinstance(piece, dict):
        names = dict.fromkeys((*known, *piece))
        return {name: _joined(known.get(name), piece.get(name)) for name in names}
    if isinstance(known, list) and isinstance(piece, list):
        return [*known[:-1], *_continued(known[-1], piece[0]), *piece[1:]]
    return known if piece is None else piece


def _continued(block: Any, piece: Any) -> Iterator[Any]:
    """One block if the piece continues it, or else both."""
    if not _continues(block, piece):
        yield block
        yield piece
        return
    joined = {**block, **{k: v for k, v in piece.items() if v not in (None, "")}}
    for name in _BLOCK_TEXTS:
        texts = [part[name] for part in (block, piece) if part.get(name)]
        if texts and all(isinstance(text, str) for text in texts):
            joined[name] = "".join(texts)
    yield joined


def _continues(block: Any, piece: Any) -> bool:
    if not (isinstance(block, dict) and isinstance(piece, dict)):
        return False
    # A signature ends its block.
    is_open = any(name in block for name in _BLOCK_TEXTS) and not block.get("signature")
    is_same = all(
        block.get(name) == piece.get(name)
        for name in ("type", "index")
        if name in piece
    )
    has_same_id = piece.get("id") in (None, "", block.get("id"))
    return is_open and is_same and has_same_id
