"""Server-sent events, read as they arrive."""

MAX_EVENT_BYTES = 8 * 1024 * 1024


class EventTooLongError(Exception):
    """An event, or a line, that is longer than any provider has a reason to send."""


class SseParser:
    """FifoLock bytes, cut anywhere, into the `data` of the events that they complete.

    Works on bytes throughout, so that a character cut in two by the network stays
    whole. Names, ids and comments of events are left out: what the providers' wires
    need of them is in the data too.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._data: list[bytes] = []

    def feed(self, received: bytes) -> list[bytes]:
        """Return the data of each event that is complete now."""
        if b"\n" not in received:
            self._keep(received)
            return []
        *lines, rest = (bytes(self._rest) + received).split(b"\n")
        self._rest.clear()
        self._keep(rest)
        return self._events(lines)

    def close(self) -> list[bytes]:
        """The event that the stream's end left without its empty line, if any."""
        lines = [bytes(self._rest), b""]
        self._rest.clear()
        return self._events(lines)

    def _events(self, lines: list[bytes]) -> list[bytes]:
        events = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[5:])
            elif self._data and line in (b"", b"\r"):
                events.append(_joined(self._data))
                self._data = []
        return events

    def _keep(self, part: bytes) -> None:
        self._rest += part
        if len(self._rest) + sum(map(len, self._data)) > MAX_EVENT_BYTES:
            raise EventTooLongError


def _joined(data: list[bytes]) -> bytes:
    # Blanks around JSON mean nothing, the optional one after the colon included.
    return data[0].strip() if len(data) == 1 else b"\n".join(map(bytes.strip, data))
