"""The SDK's HTTP client on our own guarded one: the SDK opens no connection itself.

A request that fails becomes an error of the protocol, for the one call that sent it.
An exception would end the whole connection, with all calls that run on it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import orjson

from agentarium.runtime.tools.http_client import FetchError, HttpClient, HttpResponse

# Codes of our own for errors that no server sent.
NOT_SENT = -32_101
_MAX_BYTES = 20_000_000
_FAREWELL_TIMEOUT = 2.0
_NOT_SENT_ON = frozenset(
    {"host", "content-length", "connection", "accept-encoding", "user-agent"}
)
_NOT_HANDED_ON = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class GuardedTransport(httpx2.AsyncBaseTransport):
    """With `is_abandoned`, no further word goes out: not even a farewell."""

    def __init__(self, http: HttpClient) -> None:
        self.is_abandoned = False
        self._http = http

    def client(self, headers: Mapping[str, str]) -> httpx2.AsyncClient:
        """The SDK's client for one server; `headers` go with each request to it."""
        return httpx2.AsyncClient(
            transport=self, headers=dict(headers), trust_env=False
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method != "DELETE":
            return await self._exchange(request)
        if self.is_abandoned:
            return httpx2.Response(204)
        # The end of a session. A server that does not care must not keep us.
        try:
            async with asyncio.timeout(_FAREWELL_TIMEOUT):
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
                    headers=_without(request.headers, _NOT_SENT_ON),
                    body=body or None,
                )
            )
        except FetchError as error:
            return _failed(body, error)
        if (refusal := _refusal(response)) is not None:
            await stack.aclose()
            return _failed(body, refusal)
        return httpx2.Response(
            response.status,
            headers=_without(response.headers, _NOT_HANDED_ON),
            stream=_Body(response, stack),
        )


class _Body(httpx2.AsyncByteStream):
    """A body that ends where it breaks: the SDK tells an answer that is not whole."""

    def __init__(self, response: HttpResponse, stack: AsyncExitStack) -> None:
        self._response = response
        self._stack = stack

    async def __aiter__(self) -> AsyncIterator[bytes]:
        room = _MAX_BYTES
        try:
            async for piece in self._response.chunks():
                room -= len(piece)
                if room < 0:
                    return
                yield piece
        except FetchError:
            return

    async def aclose(self) -> None:
        await self._stack.aclose()


def _without(headers: Mapping[str, str], names: frozenset[str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in names}


def _refusal(response: HttpResponse) -> FetchError | None:
    """What a status says for which the server has no words of the protocol."""
    if response.status in {401, 403}:
        return FetchError(
            f"The MCP server lets nobody in with these headers (HTTP {response.status})."
        )
    if response.status >= 500 and "json" not in response.headers.get(
        "Content-Type", ""
    ):
        return FetchError(
            f"The MCP server failed (HTTP {response.status}).", may_have_arrived=True
        )
    return None


def _failed(body: bytes, error: FetchError) -> httpx2.Response:
    from mcp_types import CONNECTION_CLOSED

    code = CONNECTION_CLOSED if error.may_have_arrived else NOT_SENT
    message = {
        "jsonrpc": "2.0",
        "id": _request_id(body),
        "error": {"code": code, "message": error.detail},
    }
    return httpx2.Response(503, json=message)


def _request_id(body: bytes) -> Any:
    return orjson.loads(body).get("id") if body else None
