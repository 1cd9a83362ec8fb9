"""An HTTP transport for the MCP SDK that sends everything through our guarded client.

A failed request becomes a protocol error for the call that sent it. An exception would
close the whole connection, and fail all calls that are using it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import Context
from types import TracebackType
from typing import Any, Self

import anyio
import httpx2
import orjson
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage
from mcp_types import CONNECTION_CLOSED, PARSE_ERROR, ErrorData, JSONRPCError
from mcp_types import JSONRPCResponse as Response

from agentarium.runtime.json_size import ValueCounter
from agentarium.runtime.tools.http_client import FetchError, HttpClient, HttpResponse

# Our own error code for requests that did not reach the server.
NOT_SENT = -32_101
_MAX_BYTES = 5_000_000
# Of one response. The SDK parses it on the event loop, each value in some microseconds.
_MAX_VALUES = 30_000
# Of one response: the SDK parses the lines of events one by one, on the event loop.
_MAX_LINES = 200_000
# What the SDK parses before other code on the event loop may run.
_PIECE_BYTES = 8_192
# Of a tool's result. The SDK validates each one in tens of microseconds.
MAX_PARTS = 200
# Lists' items and objects that the SDK validates in one result.
_MAX_VALIDATED = 2_000
# The SDK takes what is in them as it is.
_NOT_VALIDATED = frozenset(
    {"structuredContent", "inputSchema", "outputSchema", "_meta"}
)
_CLOSE_TIMEOUT = 2.0
_DROPPED_REQUEST_HEADERS = frozenset(
    {"host", "content-length", "connection", "accept-encoding", "user-agent"}
)
_DROPPED_RESPONSE_HEADERS = frozenset(
    {"content-encoding", "content-length", "transfer-encoding"}
)


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
        except FetchError as error:
            return _failed(body, error)
        if (status_error := _status_error(response)) is not None:
            await stack.aclose()
            return _failed(body, status_error)
        return httpx2.Response(
            response.status,
            headers=_without(response.headers, _DROPPED_RESPONSE_HEADERS),
            stream=_Body(response, stack),
        )


class _Body(httpx2.AsyncByteStream):
    """A body that ends when the connection breaks, or the response is too large.

    The SDK detects that it is incomplete.
    """

    def __init__(self, response: HttpResponse, stack: AsyncExitStack) -> None:
        self._response = response
        self._stack = stack

    async def __aiter__(self) -> AsyncIterator[bytes]:
        remaining = _MAX_BYTES
        lines = 0
        counter = ValueCounter()
        try:
            async for chunk in self._response.chunks():
                for piece in _pieces(chunk):
                    remaining -= len(piece)
                    lines += piece.count(b"\n") + piece.count(b"\r")
                    counter.feed(piece)
                    if (
                        remaining < 0
                        or lines > _MAX_LINES
                        or counter.values > _MAX_VALUES
                    ):
                        return
                    yield piece
                    await asyncio.sleep(0)
        except FetchError:
            return

    async def aclose(self) -> None:
        await self._stack.aclose()


def _pieces(chunk: bytes) -> Iterator[bytes]:
    for start in range(0, len(chunk), _PIECE_BYTES):
        yield chunk[start : start + _PIECE_BYTES]


@asynccontextmanager
async def bounded_streams(
    url: str, client: httpx2.AsyncClient, *, max_tools: int
) -> AsyncIterator[Any]:
    """The SDK's transport to a server, which leaves it little to validate.

    Of a result it passes on the first parts or tools.
    """
    async with streamable_http_client(url, http_client=client) as (received, sent):
        yield _BoundedStream(received, max_tools), sent


class _BoundedStream:
    """The messages that a server sends, as the SDK reads them."""

    def __init__(self, stream: Any, max_tools: int) -> None:
        self._stream = stream
        self._max_tools = max_tools

    @property
    def last_context(self) -> Context | None:
        context: Context | None = self._stream.last_context
        return context

    async def receive(self) -> SessionMessage | Exception:
        item: SessionMessage | Exception = await self._stream.receive()
        if isinstance(item, SessionMessage) and isinstance(item.message, Response):
            item.message = _bounded(item.message, self._max_tools)
        return item

    async def aclose(self) -> None:
        await self._stream.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


def _bounded(response: Response, max_tools: int) -> Response | JSONRPCError:
    """The response without what exceeds the limits, or an error instead of it."""
    result = response.result
    tools, parts = result.get("tools"), result.get("content")
    if isinstance(tools, list):
        del tools[max_tools:]
    if isinstance(parts, list) and len(parts) > MAX_PARTS:
        note = f"… (truncated: the result has {len(parts):,} parts)"
        parts[MAX_PARTS:] = [{"type": "text", "text": note}]
    if _validated(result) <= _MAX_VALIDATED:
        return response
    error = ErrorData(code=PARSE_ERROR, message="The response has too many parts.")
    return JSONRPCError(jsonrpc="2.0", id=response.id, error=error)


def _validated(result: dict[str, Any]) -> int:
    """How many items and objects of a result the SDK validates."""
    count = 0
    unseen: list[Any] = [result]
    while unseen:
        value = unseen.pop()
        if isinstance(value, list):
            count += len(value)
            unseen += value
        elif isinstance(value, dict):
            count += 1
            unseen += [
                inner for key, inner in value.items() if key not in _NOT_VALIDATED
            ]
    return count


def _without(headers: Mapping[str, str], names: frozenset[str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in names}


def _status_error(response: HttpResponse) -> FetchError | None:
    """The error for a status that the server sends without a protocol error."""
    if response.status in {401, 403}:
        return FetchError(
            f"The MCP server denies access (HTTP {response.status}). Check the headers."
        )
    if response.status >= 500 and "json" not in response.headers.get(
        "Content-Type", ""
    ):
        return FetchError(
            f"The MCP server failed (HTTP {response.status}).", may_have_arrived=True
        )
    return None


def _failed(body: bytes, error: FetchError) -> httpx2.Response:
    code = CONNECTION_CLOSED if error.may_have_arrived else NOT_SENT
    message = {
        "jsonrpc": "2.0",
        "id": _request_id(body),
        "error": {"code": code, "message": error.detail},
    }
    return httpx2.Response(503, json=message)


def _request_id(body: bytes) -> Any:
    return orjson.loads(body).get("id") if body else None
