"""The messages between a process and its utility processes: JSON after its length."""

from collections.abc import Callable
from typing import Any

import orjson

_LENGTH_BYTES = 4
# A process that was taken over must not fill our memory.
MAX_FRAME_BYTES = 20_000_000


def encoded(message: Any) -> bytes:
    """One frame. Raises `TypeError` if the message is not JSON."""
    body = orjson.dumps(message)
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


def read_frame(read: Callable[[int], bytes]) -> Any:
    """Read one message. `read` returns exactly as many bytes, or raises `EOFError`.

    What is no message counts as the end.
    """
    size = int.from_bytes(read(_LENGTH_BYTES), "big")
    if size > MAX_FRAME_BYTES:
        raise EOFError
    try:
        return orjson.loads(read(size))
    except orjson.JSONDecodeError as error:
        raise EOFError from error
