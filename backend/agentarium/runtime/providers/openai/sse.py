"""An incremental parser of server-sent events."""

MAX_EVENT_BYTES = 8 * 1024 * 1024


class EventTooLongError(Exception):
    """An event, or a line, that is longer than `MAX_EVENT_BYTES`."""


class SseParser:
    """Converts bytes, split anywhere, into the `data` of the events that they complete.

    It works on bytes throughout, so that a character that the network has split stays
    intact. It ignores the names, ids and comments of events: in the providers' APIs,
    the data repeats what matters.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._data: list[bytes] = []
        # Of its lines, with the field's name: an empty one takes memory, too.
        self._data_bytes = 0

    def feed(self, received: bytes) -> list[bytes]:
        """Return the data of each event that is now complete."""
        if b"\n" not in received:
            self._keep(received)
            return []
        *lines, tail = (bytes(self._buffer) + received).split(b"\n")
        self._buffer.clear()
        events = self._events(lines)
        self._keep(tail)
        return events

    def close(self) -> list[bytes]:
        """Return the last event if it lacks its empty line at the end of the stream."""
        lines = [bytes(self._buffer), b""]
        self._buffer.clear()
        return self._events(lines)

    def _events(self, lines: list[bytes]) -> list[bytes]:
        events = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[5:])
                self._data_bytes += len(line) + 1
            elif self._data and line in (b"", b"\r"):
                events.append(_joined(self._data))
                self._data = []
                self._data_bytes = 0
        return events

    def _keep(self, tail: bytes) -> None:
        self._buffer += tail
        if len(self._buffer) + self._data_bytes > MAX_EVENT_BYTES:
            raise EventTooLongError


def _joined(data: list[bytes]) -> bytes:
    # Whitespace around JSON is insignificant, including the one after the colon.
    return data[0].strip() if len(data) == 1 else b"\n".join(map(bytes.strip, data))
