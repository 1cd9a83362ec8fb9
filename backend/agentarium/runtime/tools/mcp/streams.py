"""The messages of a server, before the SDK reads them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import Context
from types import TracebackType
from typing import Any, Self

import anyio
import httpx2
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage
from mcp_types import PARSE_ERROR, ErrorData, JSONRPCError
from mcp_types import JSONRPCResponse as Response

# Of a tool's result. The SDK validates each one in tens of microseconds.
MAX_PARTS = 200
# Lists' items and objects that the SDK validates in one result.
_MAX_VALIDATED = 2_000
# The SDK takes what is in them as it is.
_NOT_VALIDATED = frozenset(
    {"structuredContent", "inputSchema", "outputSchema", "_meta"}
)


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
