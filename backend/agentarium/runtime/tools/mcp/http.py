"""An HTTP transport for the MCP SDK that sends everything through our guarded client.

A failed request becomes a protocol error for the call that sent it. An exception would
close the whole connection, and fail all calls that are using it.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from typing import Literal

import httpx2
from mcp_types import CONNECTION_CLOSED

from agentarium.runtime.json_size import ValueCounter
from agentarium.runtime.tools.http_client import FetchError, HttpClient, HttpResponse
from agentarium.runtime.tools.mcp.messages import (
    EventRewriter,
    SentMessage,
    readable_message,
)
from agentarium.runtime.tools.mcp.refusals import (
    NOT_SENT,
    SESSION_LOST,
    SessionLostFetchError,
    connection_refusal,
    refusal,
)

MAX_BYTES = 5_000_000
# Of one response. The SDK parses it on the event loop, each value in some microseconds.
_MAX_VALUES = 30_000
# Of one response: the SDK parses the lines of events one by one, on the event loop.
_MAX_LINES = 200_000
# What the SDK parses before other code on the event loop may run.
_PIECE_BYTES = 8_192
_CLOSE_TIMEOUT = 2.0
_DROPPED_REQUEST_HEADERS = frozenset(
    {"host", "content-length", "connection", "accept-encoding", "user-agent"}
)
_DROPPED_RESPONSE_HEADERS = frozenset(
    {"content-encoding", "content-length", "content-type", "transfer-encoding"}
)
_EVENT_FIELDS = (b"data", b"event", b"id", b"retry", b":")
_TYPES = {"json": "application/json", "events": "text/event-stream"}

BodyKind = Literal["json", "events"]


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Once `is_abandoned` is set, it does not tell the server that the session ends."""

    def __init__(self, http: HttpClient) -> None:
        self.is_abandoned = False
        self._http = http

    def client(self, headers: Mapping[str, str]) -> httpx2.AsyncClient:
        """The SDK's client for one server; `headers` are sent with each request."""
        return httpx2.AsyncClient(
            transport=self, headers=dict(headers), trust_env=False
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method != "DELETE":
            return await self._exchange(request)
        if self.is_abandoned:
            return httpx2.Response(204)
        # It ends the session. A server that does not respond must not delay us.
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT):
                return await self._exchange(request)
        except TimeoutError:
            return httpx2.Response(204)

    async def _exchange(self, request: httpx2.Request) -> httpx2.Response:
        body = await request.aread()
        sent = SentMessage.parse(body)
        stack = AsyncExitStack()
        try:
            response = await stack.enter_async_context(
                self._http.send(
                    request.method,
                    str(request.url),
                    headers=_without(request.headers, _DROPPED_REQUEST_HEADERS),
                    body=body or None,
                )
            )
            return await self._received(request, sent, response, stack)
        except FetchError as error:
            await stack.aclose()
            return _failed(sent, error)
        except BaseException:
            await stack.aclose()
            raise

    async def _received(
        self,
        request: httpx2.Request,
        sent: SentMessage,
        response: HttpResponse,
        stack: AsyncExitStack,
    ) -> httpx2.Response:
        """The response for the SDK, which closes the stack when it has read it."""
        if response.status >= 400:
            return await self._refused(request, sent, response, stack)
        pieces = _bounded_pieces(response)
        headers = _without(response.headers, _DROPPED_RESPONSE_HEADERS)
        body = _Body(pieces, sent, stack)
        if sent.is_request and response.status < 300:
            headers["Content-Type"] = _TYPES[await body.find_kind()]
        elif label := response.headers.get("Content-Type"):
            headers["Content-Type"] = label
            body.kind = "events"
        return httpx2.Response(response.status, headers=headers, stream=body)

    async def _refused(
        self,
        request: httpx2.Request,
        sent: SentMessage,
        response: HttpResponse,
        stack: AsyncExitStack,
    ) -> httpx2.Response:
        refused = await refusal(request, sent, response)
        await stack.aclose()
        if isinstance(refused, FetchError):
            if sent.method == "initialize":
                refused = await connection_refusal(
                    refused, request, response, self._http
                )
            return _failed(sent, refused)
        return httpx2.Response(
            response.status,
            headers={"Content-Type": _TYPES["json"]},
            content=refused,
        )


class _Body(httpx2.AsyncByteStream):
    """A body that ends when the connection breaks, or the response is too large.

    The SDK detects that it is incomplete.
    """

    def __init__(
        self,
        pieces: AsyncGenerator[bytes, None],
        sent: SentMessage,
        stack: AsyncExitStack,
    ) -> None:
        self.kind: BodyKind = "json"
        self._pieces = pieces
        self._sent = sent
        self._stack = stack
        self._first = b""

    async def find_kind(self) -> BodyKind:
        """Find out by its beginning what the body is. Servers label it wrongly.

        Raises `FetchError` if it is neither.
        """
        async for piece in self._pieces:
            self._first += piece
            start = self._first.removeprefix(b"\xef\xbb\xbf").lstrip()
            if start.startswith((b"{", b"[")):
                self.kind = "json"
                return self.kind
            if start.startswith(_EVENT_FIELDS):
                self.kind = "events"
                return self.kind
            if len(start) > max(map(len, _EVENT_FIELDS)):
                break
        raise FetchError(
            "The MCP server's response is not a message of the protocol.",
            may_have_arrived=True,
        )

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._events() if self.kind == "events" else self._json():
            for piece in _pieces(part):
                yield piece
                await asyncio.sleep(0)

    async def _json(self) -> AsyncIterator[bytes]:
        body = self._first + b"".join([piece async for piece in self._pieces])
        yield readable_message(body, self._sent) or body

    async def _events(self) -> AsyncIterator[bytes]:
        rewriter = EventRewriter(self._sent)
        yield rewriter.feed(self._first)
        async for piece in self._pieces:
            yield rewriter.feed(piece)
        yield rewriter.finish()

    async def aclose(self) -> None:
        await self._pieces.aclose()
        await self._stack.aclose()


async def _bounded_pieces(response: HttpResponse) -> AsyncGenerator[bytes, None]:
    """The body, until its connection breaks or it exceeds a limit."""
    remaining = MAX_BYTES
    lines = 0
    counter = ValueCounter()
    try:
        async for chunk in response.chunks():
            for piece in _pieces(chunk):
                remaining -= len(piece)
                lines += piece.count(b"\n") + piece.count(b"\r")
                counter.feed(piece)
                if remaining < 0 or lines > _MAX_LINES or counter.values > _MAX_VALUES:
                    return
                yield piece
                await asyncio.sleep(0)
    except FetchError:
        return


def _pieces(chunk: bytes) -> Iterator[bytes]:
    for start in range(0, len(chunk), _PIECE_BYTES):
        yield chunk[start : start + _PIECE_BYTES]


def _without(headers: Mapping[str, str], names: frozenset[str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in names}


def _failed(sent: SentMessage, error: FetchError) -> httpx2.Response:
    code = CONNECTION_CLOSED if error.may_have_arrived else NOT_SENT
    if isinstance(error, SessionLostFetchError):
        code = SESSION_LOST
    message = {
        "jsonrpc": "2.0",
        "id": sent.id,
        "error": {"code": code, "message": error.detail},
    }
    return httpx2.Response(503, json=message)
