"""An incremental parser of server-sent events."""

MAX_EVENT_BYTES = 8 * 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventTooLongError(Exception):
    """An event, or a line, that is longer than `MAX_EVENT_BYTES`."""


class SseParser:
    """Converts bytes, split anywhere, into the `data` of the events that they complete.

    It works on bytes throughout, so that a character that the network has split stays
    intact. Lines end with LF, CR LF or CR. It ignores the names, ids and comments of
    events: in the providers' APIs, the data repeats what matters.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._data: list[bytes] = []
        # Of its lines, with the field's name: an empty one takes memory, too.
        self._data_bytes = 0
        self._ends_in_cr = False

    def feed(self, received: bytes) -> list[bytes]:
        """Return the data of each event that is now complete."""
        if self._ends_in_cr or b"\r" in received:
            received = self._with_line_feeds(received)
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

    def _with_line_feeds(self, received: bytes) -> bytes:
        """The bytes with an LF for each CR that ends a line alone.

        A CR at their end waits for the LF that may follow.
        """
        if self._ends_in_cr:
            received = b"\r" + received
        self._ends_in_cr = received.endswith(b"\r")
        received = received.removesuffix(b"\r")
        if b"\r" in received.replace(b"\r\n", b""):
            received = received.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return received

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


class BodyReader:
    """Reads the events of a response body, whatever its content type says.

    The first characters decide: a body that begins with a bracket is one JSON value, or
    one on each line; any other is a stream of server-sent events.
    """

    def __init__(self) -> None:
        self._start = b""
        self._parser: SseParser | _WholeBody | None = None

    @property
    def is_page(self) -> bool:
        """Whether the body is HTML or XML."""
        return self._start.startswith(b"<")

    def feed(self, received: bytes) -> list[bytes]:
        """Return the data of each event that is now complete."""
        if self._parser is None:
            received = self._start + received
            self._start = _without_mark(received)
            if not self._start or self._start in _BYTE_ORDER_MARK:
                return []
            is_json = self._start.startswith((b"{", b"["))
            self._parser = _WholeBody() if is_json else SseParser()
            received, self._start = self._start, self._start[:1]
        return self._parser.feed(received)

    def close(self) -> list[bytes]:
        """Return what is left at the end of the body."""
        return self._parser.close() if self._parser else []


class _WholeBody:
    """The body of a server that responds without streaming."""

    def __init__(self) -> None:
        self._body = bytearray()

    def feed(self, received: bytes) -> list[bytes]:
        self._body += received
        if len(self._body) > 4 * MAX_EVENT_BYTES:
            raise EventTooLongError
        return []

    def close(self) -> list[bytes]:
        return [bytes(self._body)]


def _without_mark(start: bytes) -> bytes:
    """The beginning of a body without white space and the byte order mark."""
    return start.lstrip().removeprefix(_BYTE_ORDER_MARK).lstrip()


def _joined(data: list[bytes]) -> bytes:
    # Whitespace around JSON is insignificant, including the one after the colon.
    return data[0].strip() if len(data) == 1 else b"\n".join(map(bytes.strip, data))
