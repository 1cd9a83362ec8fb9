"""One process for both kinds of request: short ones on threads, streams on the loop.

Django's own ASGI handler hops between threads several times for each request, and
ties a thread (and with it a database connection) to each open stream. Here the whole
synchronous site runs as WSGI in a thread of a bounded pool: it signs the caller in,
checks, throttles and logs as for any request. Where a view answers with an
`EventStream`, only the sending is handed to the event loop. Any other body that is
made bit by bit is made in the pool, a piece at a time, as its reader takes it.
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
from agentarium.http.locality import BOUND_HOST
from agentarium.http.requests import django_request
from agentarium.observability.metrics import STREAMS_OPEN
from agentarium.server.download import CutOffError, Download
from agentarium.server.event_stream import RECONNECT, EventStream
from agentarium.server.wsgi_bridge import Answer, Scope, as_start_response, environ

log = structlog.get_logger(__name__)

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Lifespan = Callable[[], AbstractAsyncContextManager[None]]

# A stream ends after so many seconds, so that the caller's rights are checked again.
MAX_STREAM_SECONDS = 1800


class Site:
    """The ASGI application: a WSGI site, its streams, and what lives beside them."""

    # The address that is listened on, where whoever serves this says so.
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
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    def drain(self) -> None:
        """End the open streams, and each that begins from now on, with a hint."""
        self._is_draining = True
        for stream in self._streams:
            stream.cancel()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            async with self._lifespan():
                await send({"type": "lifespan.startup.complete"})
                await receive()
                self.drain()
        finally:
            self._pool.shutdown()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await self._read_body(receive)
        if body is None:
            return
        request = environ(scope, body)
        request[BOUND_HOST] = self.bound_host
        answer = await asyncio.get_running_loop().run_in_executor(
            self._pool, self._ask, request
        )
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": answer.headers,
            }
        )
        if answer.download:
            await self._deliver(answer.download, receive, send)
        if answer.stream and scope["method"] != "HEAD" and not self._is_draining:
            await self._stream(answer.stream, receive, send)
        last = RECONNECT if answer.stream and self._is_draining else answer.body
        await send({"type": "http.response.body", "body": last})

    async def _read_body(self, receive: Receive) -> bytes | None:
        """The request's body, or None if the client went away.

        One byte more than allowed is kept, for the site to refuse it properly.
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

    def _ask(self, request: dict[str, Any]) -> Answer:
        answer = Answer()
        with hold_sqlite_gate():
            response: Any = self._site(request, as_start_response(answer))
        is_made_bit_by_bit = isinstance(response, StreamingHttpResponse)
        if is_made_bit_by_bit and _wants_body(request, response):
            # Closed when it has been sent.
            answer.download = Download(response, self._pool)
            return answer
        try:
            if isinstance(response, EventStream):
                answer.stream = response.follow()
            elif not is_made_bit_by_bit:
                answer.body = b"".join(response)
        finally:
            if hasattr(response, "close"):
                response.close()
            _break_reference_cycles(response)
        return answer

    async def _stream(
        self, stream: AsyncGenerator[bytes, None], receive: Receive, send: Send
    ) -> None:
        """Send a stream until it ends, its reader leaves, or the server stops."""
        await self._send_while_read(self._send_all(stream, send), receive)

    async def _deliver(self, download: Download, receive: Receive, send: Send) -> None:
        """Send a body to its end. Raises what kept it from that.

        The server then cuts the connection: a body that ended in order would look
        like the whole.
        """
        await self._send_while_read(_send_pieces(download, send), receive)

    async def _send_while_read(
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

    async def _send_all(self, stream: AsyncGenerator[bytes, None], send: Send) -> None:
        try:
            async with aclosing(stream), asyncio.timeout(MAX_STREAM_SECONDS):
                async for chunk in stream:
                    await send(_chunk(chunk))
        except TimeoutError:
            await send(_chunk(RECONNECT))
        except asyncio.CancelledError:
            # Told to drain, `_answer` says so; a reader who left hears nothing.
            pass
        except Exception:
            log.exception("stream.failed")


async def _send_pieces(download: Download, send: Send) -> None:
    async with aclosing(download.pieces()) as pieces:
        async for piece in pieces:
            await send(_chunk(piece))


def _break_reference_cycles(response: Any) -> None:
    """Untie what REST framework ties into rings: view, request and answer.

    What is in no ring is freed at once. These fifty objects of each request would wait
    for the garbage collector, and when it takes a thousand requests at a time, everybody
    waits for it: 0.12 s.
    """
    context = getattr(response, "renderer_context", None)
    if context:
        request = context["request"]
        for tied in (django_request(request), request, context["view"]):
            vars(tied).clear()
        context.clear()


def _wants_body(request: dict[str, Any], response: object) -> bool:
    return request["REQUEST_METHOD"] != "HEAD" and not isinstance(response, EventStream)


def _chunk(body: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": True}


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
