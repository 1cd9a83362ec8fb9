"""The messages between the SDK and a server, in forms that the SDK accepts.

The SDK validates each result as a whole, and raises if a part of it is wrong. So results
are read here first. What the SDK gets is small, and always valid.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import Context
from types import TracebackType
from typing import Any, Self

import anyio
import httpx2
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage
from mcp_types import PARSE_ERROR, ErrorData, JSONRPCError, JSONRPCRequest
from mcp_types import JSONRPCResponse as Response

from agentarium.runtime.tools.mcp.call_results import readable_result
from agentarium.runtime.tools.mcp.handshakes import readable_handshake
from agentarium.runtime.tools.mcp.http import MAX_BYTES
from agentarium.runtime.tools.mcp.listed_tools import readable_list

Result = dict[str, Any]

# Lists' items and objects that the SDK validates in one result, each in some tens of
# microseconds.
_MAX_VALIDATED = 2_000
# The SDK takes what is in them as it is.
_NOT_VALIDATED = frozenset({"inputSchema", "_meta"})
_READERS: Mapping[str, Callable[[Result], Result]] = {
    "initialize": readable_handshake,
    "tools/list": readable_list,
    "tools/call": readable_result,
}


def remote_streams(
    url: str, client: httpx2.AsyncClient, *, on_closed: Callable[[], None]
) -> AbstractAsyncContextManager[Any]:
    """The SDK's transport to a server, with results that it accepts."""
    transport = streamable_http_client(
        url, http_client=client, max_sse_event_size=MAX_BYTES
    )
    return _readable_streams(transport, on_closed)


def stdio_streams(
    parameters: StdioServerParameters, *, on_closed: Callable[[], None]
) -> AbstractAsyncContextManager[Any]:
    """The SDK's transport to a program, with results that it accepts."""
    return _readable_streams(stdio_client(parameters), on_closed)


@asynccontextmanager
async def _readable_streams(
    transport: AbstractAsyncContextManager[Any], on_closed: Callable[[], None]
) -> AsyncIterator[Any]:
    async with transport as (received, sent):
        methods: dict[Any, str] = {}
        yield (
            _ReceivedStream(received, methods, on_closed),
            _SentStream(sent, methods),
        )


class _Stream:
    """A stream of the SDK. `methods` has the methods of the requests that are open."""

    def __init__(self, stream: Any, methods: dict[Any, str]) -> None:
        self._stream = stream
        self._methods = methods

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


class _SentStream(_Stream):
    async def send(self, item: SessionMessage) -> None:
        if isinstance(item.message, JSONRPCRequest):
            self._methods[item.message.id] = item.message.method
        await self._stream.send(item)


class _ReceivedStream(_Stream):
    def __init__(
        self, stream: Any, methods: dict[Any, str], on_closed: Callable[[], None]
    ) -> None:
        super().__init__(stream, methods)
        self._on_closed = on_closed

    @property
    def last_context(self) -> Context | None:
        context: Context | None = getattr(self._stream, "last_context", None)
        return context

    async def receive(self) -> SessionMessage | Exception:
        item: SessionMessage | Exception = await self._stream.receive()
        if isinstance(item, SessionMessage) and isinstance(item.message, Response):
            method = self._methods.pop(item.message.id, "")
            item.message = _readable(item.message, method)
        return item

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            self._on_closed()
            raise StopAsyncIteration from None


def _readable(response: Response, method: str) -> Response | JSONRPCError:
    """The response in a form that the SDK accepts, or an error instead of it."""
    read = _READERS.get(method)
    try:
        if read is not None:
            response.result = read(response.result)
        if _validated(response.result) > _MAX_VALIDATED:
            raise ValueError("The response has too many parts.")
    except (ValueError, RecursionError) as error:
        data = ErrorData(code=PARSE_ERROR, message=str(error))
        return JSONRPCError(jsonrpc="2.0", id=response.id, error=data)
    return response


def _validated(result: Result) -> int:
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
