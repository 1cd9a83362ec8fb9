"""The HTTP responses of one call: bounded while they are read, and closed at its end.

The providers' libraries read as much as they are sent before anything of it is seen.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import httpx2

from agentarium.runtime.json_size import MAX_CONTAINERS
from agentarium.runtime.providers.openai.sse import MAX_EVENT_BYTES

MAX_BODY_BYTES = 32 * 1024 * 1024
_BLANK_LINES = (b"\n\n", b"\r\n\r\n", b"\r\r")
_LONGEST_BLANK_LINE = 4


class UnusableResponseError(httpx2.HTTPError):
    """A response that is too long, or compressed, which was not asked for."""


@dataclass(slots=True)
class CallResponses:
    """The responses of one call. `is_unusable` is true as soon as one of them is."""

    opened: list[httpx2.Response] = field(default_factory=list)
    is_unusable: bool = False

    @asynccontextmanager
    async def closing(self) -> AsyncGenerator[None, None]:
        """Close the connections of the call when it ends, for whatever reason.

        When a stream is abandoned, some providers' libraries keep its connection open
        until garbage collection, and the provider goes on generating.
        """
        _current.set(self)
        try:
            yield
        finally:
            for response in self.opened:
                await response.aclose()

    def refuse(self) -> UnusableResponseError:
        """The error to raise. The libraries may turn it into one of their own."""
        self.is_unusable = True
        return UnusableResponseError("The response cannot be used.")


# Of the call in this context.
_current: ContextVar[CallResponses] = ContextVar("responses")


async def bound_response(response: httpx2.Response) -> None:
    """Bound the body of a response: a hook for the client.

    Raises `UnusableResponseError`, and so does reading the body.
    """
    call = _current.get(None) or CallResponses()
    call.opened.append(response)
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        # A megabyte may become a gigabyte. No compression is asked for.
        raise call.refuse()
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    content_type = response.headers.get("Content-Type", "")
    if response.is_success and content_type.startswith("text/event-stream"):
        response.stream = _BoundedStream(response.stream, call, EventCounter())
    else:
        response.stream = _BoundedStream(response.stream, call, BodyCounter())


class BodyCounter:
    """Counts what a library has to keep of a body until it is complete."""

    max_bytes = MAX_BODY_BYTES

    def __init__(self) -> None:
        self._bytes = 0
        self._containers = 0

    def add(self, chunk: bytes) -> bool:
        """Whether it is still little enough, with this chunk."""
        self._bytes += len(chunk)
        self._containers += chunk.count(b"[") + chunk.count(b"{")
        return self._bytes <= self.max_bytes and self._containers <= MAX_CONTAINERS


class EventCounter(BodyCounter):
    """Counts what has to be kept of server-sent events: the one that is not complete."""

    max_bytes = MAX_EVENT_BYTES

    def __init__(self) -> None:
        super().__init__()
        self._tail = b""

    def add(self, chunk: bytes) -> bool:
        received = self._tail + chunk
        self._tail = received[1 - _LONGEST_BLANK_LINE :]
        ends = (
            received.rfind(line) + len(line)
            for line in _BLANK_LINES
            if line in received
        )
        if end := max(ends, default=0):
            self._bytes = self._containers = 0
            chunk = received[end:]
        return super().add(chunk)


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(
        self,
        stream: httpx2.AsyncByteStream,
        call: CallResponses,
        counter: BodyCounter,
    ) -> None:
        self._stream = stream
        self._call = call
        self._counter = counter

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            if not self._counter.add(chunk):
                raise self._call.refuse()
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
