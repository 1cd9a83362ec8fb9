"""Bounds JSON by its number of values before it is parsed.

A parser holds the interpreter lock until it is done, and its time depends on the values
rather than on the bytes: a megabyte of text takes a millisecond, of `[],` a tenth of a
second or more.
"""

# Each takes a parser about half a microsecond, with the garbage collector's share.
MAX_CONTAINERS = 100_000


def has_too_many_containers(data: str | bytes) -> bool:
    """Whether JSON may have more than `MAX_CONTAINERS` arrays and objects.

    Brackets inside strings count too: honest texts are far from the limit.
    """
    if isinstance(data, str):
        return data.count("[") + data.count("{") > MAX_CONTAINERS
    return data.count(b"[") + data.count(b"{") > MAX_CONTAINERS


class ValueCounter:
    """Counts the values of JSON that arrives in chunks, alone or in server-sent events."""

    def __init__(self) -> None:
        self._separators = 0
        self._quotes = 0
        self._is_in_string = False
        self._is_escaped = False

    @property
    def values(self) -> int:
        """At least a quarter of the quotes: a value has a key and a text at most."""
        return max(self._separators, self._quotes // 4)

    def feed(self, chunk: bytes) -> None:
        if self._is_escaped:
            chunk = chunk[1:]
        chunk = chunk.replace(b"\\\\", b"")
        self._is_escaped = chunk.endswith(b"\\")
        parts = chunk.replace(b'\\"', b"").split(b'"')
        self._quotes += len(parts) - 1
        for number, part in enumerate(parts):
            if number:
                self._is_in_string = not self._is_in_string
            self._feed_part(part)

    def _feed_part(self, part: bytes) -> None:
        if self._is_in_string:
            # No string goes over the end of a line: this is a quote in another line of
            # an event than `data`.
            _, end, part = part.partition(b"\n")
            self._is_in_string = not end
        self._separators += part.count(b",") + part.count(b"[") + part.count(b"{")
