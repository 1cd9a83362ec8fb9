"""The JSON-RPC messages of a server, as the SDK can parse them.

Servers write more than the protocol allows: a result that is no object, an id of another
type, half of a surrogate pair, a byte order mark, text between the events of a stream.
What can be understood is rewritten, so that an answer is not lost for its form.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import orjson

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\n|\r")
_INTERNAL_ERROR = -32_603
# Of an error that is not in the form of the protocol.
_MAX_ERROR_CHARS = 2_000


@dataclass(frozen=True, slots=True)
class SentMessage:
    """The message that a response answers. A notification has no id."""

    id: Any = None
    method: str = ""

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Read a message of the SDK."""
        message = orjson.loads(body) if body else {}
        return cls(message.get("id"), message.get("method", ""))

    @property
    def is_request(self) -> bool:
        return self.id is not None


def readable_message(body: bytes, sent: SentMessage) -> bytes | None:
    """A message in the form of the protocol. None if it is not a JSON-RPC message."""
    message, is_strict = _parsed(body)
    if isinstance(message, list):
        message, is_strict = _answer_in(message, sent), False
    if not isinstance(message, dict):
        return None
    if isinstance(message.get("method"), str):
        readable: dict[str, Any] | None = {**message, "jsonrpc": "2.0"}
    else:
        readable = _answer(message, sent)
    if is_strict and readable == message:
        return body
    return None if readable is None else _dumped(readable)


def _answer(message: dict[str, Any], sent: SentMessage) -> dict[str, Any] | None:
    answer = {"jsonrpc": "2.0", "id": message.get("id")}
    if sent.is_request:
        answer["id"] = sent.id
    if message.get("error") is not None:
        return {**answer, "error": _error(message["error"])}
    if "result" not in message:
        return None
    result = message["result"]
    if not isinstance(result, dict):
        result = {"tools" if sent.method == "tools/list" else "content": result}
    return {**answer, "result": result}


def _error(error: Any) -> dict[str, Any]:
    if not isinstance(error, dict):
        return {"code": _INTERNAL_ERROR, "message": _as_text(error)}
    code = error.get("code")
    if isinstance(code, bool) or not isinstance(code, int):
        code = _INTERNAL_ERROR
    return {**error, "code": code, "message": _as_text(error.get("message", error))}


def _as_text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text[:_MAX_ERROR_CHARS]


def _answer_in(batch: list[Any], sent: SentMessage) -> Any:
    """The answer in a batch, which one version of the protocol allows."""
    messages = [message for message in batch if isinstance(message, dict)]
    own = [message for message in messages if message.get("id") == sent.id]
    return next(iter(own or messages), None)


def _parsed(body: bytes) -> tuple[Any, bool]:
    """What JSON says, or None, and whether it follows the standard."""
    try:
        return orjson.loads(body), True
    except orjson.JSONDecodeError:
        pass
    try:
        # It also takes halves of surrogate pairs.
        return json.loads(body.decode("utf-8-sig", "replace")), False
    except (ValueError, RecursionError):
        return None, False


def _dumped(message: dict[str, Any]) -> bytes | None:
    try:
        return orjson.dumps(message)
    except TypeError:
        pass
    try:
        text = json.dumps(message, ensure_ascii=False)
    except RecursionError:
        return None
    # Halves of surrogate pairs become U+FFFD.
    utf16 = text.encode("utf-16-le", "surrogatepass")
    return utf16.decode("utf-16-le", "replace").encode()


class EventRewriter:
    """Rewrites the messages in a stream of server-sent events as they arrive.

    Data that is not a JSON-RPC message is left out. The other fields stay as they are.
    """

    def __init__(self, sent: SentMessage) -> None:
        self._sent = sent
        # The beginning of a line, and the data of the event that has begun.
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._is_first_line = True
        self._ends_in_return = False

    def feed(self, piece: bytes) -> bytes:
        if self._ends_in_return and piece.startswith(b"\n"):
            piece = piece[1:]
        self._ends_in_return = piece.endswith(b"\r")
        *lines, rest = _LINE_END.split(piece)
        written: list[bytes] = []
        for line in lines:
            written += self._add_line(b"".join([*self._line, line]))
            self._line = []
        if rest:
            self._line.append(rest)
        return b"".join(written)

    def finish(self) -> bytes:
        """The rest, which some servers do not end with an empty line."""
        line = b"".join(self._line)
        self._line = []
        written = [*self._add_line(line)] if line else []
        return b"".join([*written, *self._end_event()])

    def _add_line(self, line: bytes) -> Iterator[bytes]:
        if self._is_first_line:
            line = line.removeprefix(_BYTE_ORDER_MARK)
            self._is_first_line = False
        name, _, value = line.partition(b":")
        if not line:
            yield from self._end_event()
        elif name == b"data":
            self._data.append(value.removeprefix(b" "))
        else:
            yield line + b"\n"

    def _end_event(self) -> Iterator[bytes]:
        data, self._data = self._data, []
        if data and not b"".join(data).strip():
            # An event without data begins a stream that can be resumed.
            yield b"data:\n\n"
        elif message := readable_message(b"\n".join(data), self._sent):
            yield b"data: " + message + b"\n\n"
        else:
            yield b"\n"
