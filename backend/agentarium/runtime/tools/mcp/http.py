"""An HTTP transport for the MCP SDK that sends everything through our guarded client.

A failed request becomes a protocol error for the call that sent it. An exception would
close the whole connection, and fail all calls that are using it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import orjson
from mcp_types import CONNECTION_CLOSED

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
