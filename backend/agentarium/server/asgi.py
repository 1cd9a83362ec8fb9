"""One process for both kinds of request: short ones on threads, streams on the loop.

Django's ASGI handler switches threads several times for each request, and occupies a
thread (and so a database connection) for each open stream. Here the whole synchronous
site runs as WSGI in a bounded thread pool: authentication, checks, rate limits and logs
are the same for all requests. If a view returns an `EventStream`, only the sending moves
to the event loop. Any other streamed body is generated in the pool, one chunk at a time,
as fast as its reader takes it.
"""

import asyncio
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Coroutine,
    MutableMapping,
)
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any
from wsgiref.types import WSGIApplication

import structlog
from django.http import StreamingHttpResponse

from agentarium.db.sqlite_gate import hold_sqlite_gate
from agentarium.http.local_access import BOUND_HOST
from agentarium.http.requests import django_request
from agentarium.observability.metrics import STREAMS_OPEN
from agentarium.server.download import CutOffError, Download
from agentarium.server.event_stream import RECONNECT, EventStream
from agentarium.server.wsgi_bridge import Answer, Scope, as_start_response, environ

log = structlog.get_logger(__name__)

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Lifespan = Callable[[], AbstractAsyncContextManager[None]]

# A stream ends after this many seconds, so that the caller's rights are checked again.
MAX_STREAM_SECONDS = 1800


class Site:
    """The ASGI application: a WSGI site, its streams, and a lifespan around them."""

    # The address that the server listens on. The code that starts the server sets it.
    bound_host = ""

    def __init__(
        self,
        site: WSGIApplication,
        *,
        lifespan: Lifespan,
        threads: int,
        max_body: int,
    ) -> None:
        self._site = site
        self._lifespan = lifespan
        self._max_body = max_body
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="agentarium-web")
        self._streams: set[asyncio.Task[None]] = set()
        self._is_draining = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._run_lifespan(receive, send)
        elif scope["type"] == "http":
            await self._respond(scope, receive, send)

    def drain(self) -> None:
        """End open streams, and those that begin later, with a hint to reconnect."""
        self._is_draining = True
        for stream in self._streams:
            stream.cancel()

    async def _run_lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            async with self._lifespan():
                await send({"type": "lifespan.startup.complete"})
                await receive()
                self.drain()
        finally:
            self._pool.shutdown()
        await send({"type": "lifespan.shutdown.complete"})

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await self._read_body(receive)
        if body is None:
            return
        request = environ(scope, body)
        request[BOUND_HOST] = self.bound_host
        answer = await asyncio.get_running_loop().run_in_executor(
            self._pool, self._call_site, request
        )
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": answer.headers,
            }
        )
        if answer.download:
            await self._send_download(answer.download, receive, send)
        if answer.stream and scope["method"] != "HEAD" and not self._is_draining:
            await self._send_stream(answer.stream, receive, send)
        last = RECONNECT if answer.stream and self._is_draining else answer.body
        await send({"type": "http.response.body", "body": last})

    async def _read_body(self, receive: Receive) -> bytes | None:
        """The request's body, or None if the client has disconnected.

        One byte more than allowed is kept, so that the site refuses the request.
        """
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            if len(body) <= self._max_body:
                body += message.get("body", b"")
            if not message.get("more_body", False):
                return bytes(body[: self._max_body + 1])

    def _call_site(self, request: dict[str, Any]) -> Answer:
        answer = Answer()
        with hold_sqlite_gate():
            response: Any = self._site(request, as_start_response(answer))
        is_streamed = isinstance(response, StreamingHttpResponse)
        if is_streamed and _wants_body(request, response):
            # The response is closed when it has been sent.
            answer.download = Download(response, self._pool)
            return answer
        try:
            if isinstance(response, EventStream):
                answer.stream = response.follow()
            elif not is_streamed:
                answer.body = b"".join(response)
        finally:
            if hasattr(response, "close"):
                response.close()
            _break_reference_cycles(response)
        return answer

    async def _send_stream(
        self, stream: AsyncGenerator[bytes, None], receive: Receive, send: Send
    ) -> None:
        """Send a stream until it ends, its reader leaves, or the server stops."""
        await self._send_while_connected(self._send_events(stream, send), receive)

    async def _send_download(
        self, download: Download, receive: Receive, send: Send
    ) -> None:
        """Send a body to its end. Raises the error that ended it early.

        The server then closes the connection: a body that ended normally would look
        complete.
        """
        await self._send_while_connected(_send_chunks(download, send), receive)

    async def _send_while_connected(
        self, work: Coroutine[Any, Any, None], receive: Receive
    ) -> None:
        """Send until all is sent, the reader leaves, or the server stops."""
        sending = asyncio.create_task(work)
        STREAMS_OPEN.inc()
        self._streams.add(sending)
        leaving = asyncio.create_task(_wait_for_disconnect(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            sending.cancel()
            self._streams.discard(sending)
            STREAMS_OPEN.dec()
        try:
            await sending
        except asyncio.CancelledError:
            if not leaving.done() or leaving.cancelled():
                raise CutOffError from None

    async def _send_events(
        self, stream: AsyncGenerator[bytes, None], send: Send
    ) -> None:
        try:
            async with aclosing(stream), asyncio.timeout(MAX_STREAM_SECONDS):
                async for chunk in stream:
                    await send(_body_message(chunk))
        except TimeoutError:
            await send(_body_message(RECONNECT))
        except asyncio.CancelledError:
            # The reader has left, or the site drains: then `_respond` sends the hint.
            pass
        except Exception:
            log.exception("stream.failed")


async def _send_chunks(download: Download, send: Send) -> None:
    async with aclosing(download.chunks()) as chunks:
        async for chunk in chunks:
            await send(_body_message(chunk))


def _break_reference_cycles(response: Any) -> None:
    """Break the reference cycles of REST framework: view, request and response.

    An object in no cycle is freed immediately. These fifty objects of each request would
    wait for the garbage collector, which pauses all requests for 0.12 s when it collects
    those of a thousand.
    """
    context = getattr(response, "renderer_context", None)
    if context:
        request = context["request"]
        for each in (django_request(request), request, context["view"]):
            vars(each).clear()
        context.clear()


def _wants_body(request: dict[str, Any], response: object) -> bool:
    return request["REQUEST_METHOD"] != "HEAD" and not isinstance(response, EventStream)


def _body_message(body: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": True}


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
