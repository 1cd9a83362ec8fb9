"""One process for both kinds of request: short ones on threads, streams on the loop.

Django's ASGI handler switches threads several times for each request, and occupies a
thread (and so a database connection) for each open stream. Here the whole synchronous
site runs as WSGI in a bounded thread pool: authentication, checks, rate limits and logs
are the same for all requests. If a view returns an `EventStream`, only the sending moves
to the event loop. Any other streamed body is generated in the pool, one chunk at a time,
as fast as its reader takes it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from typing import Any
from wsgiref.types import WSGIApplication

from django.http import StreamingHttpResponse

from agentarium.db.sqlite_gate import hold_sqlite_gate
from agentarium.http.local_access import BOUND_HOST
from agentarium.http.requests import django_request
from agentarium.observability.request_log import CALLER_ID
from agentarium.server.connections.protocol import CONNECTION
from agentarium.server.download import Download
from agentarium.server.long_response import EventStream, LongResponse
from agentarium.server.sending import Connection, Receive, Send, Sender
from agentarium.server.wsgi_bridge import Answer, Scope, as_start_response, environ

Lifespan = Callable[[], AbstractAsyncContextManager[None]]


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
        self._sender = Sender()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._run_lifespan(receive, send)
        elif scope["type"] == "http":
            await self._respond(scope, receive, send)

    def drain(self) -> None:
        """End open streams, and those that begin later, with a hint to reconnect."""
        self._sender.drain()

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
        _recognize(scope, request)
        try:
            await self._send_answer(answer, scope, receive, send)
        finally:
            answer.permit.release()

    async def _send_answer(
        self, answer: Answer, scope: Scope, receive: Receive, send: Send
    ) -> None:
        connection = Connection(scope, receive, send)
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": answer.headers,
            }
        )
        guard = answer.permit.guard
        if answer.download:
            await self._sender.send_download(connection, answer.download, guard)
        elif answer.stream and scope["method"] != "HEAD":
            await self._sender.send_stream(connection, answer.stream, guard)
        else:
            await send({"type": "http.response.body", "body": answer.body})

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
        if isinstance(response, LongResponse):
            answer.permit = response.take_permit()
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


def _recognize(scope: Scope, request: dict[str, Any]) -> None:
    """Tell the connection that its caller is known: it may then stay longer."""
    connection = scope.get("state", {}).get(CONNECTION)
    if connection and request.get(CALLER_ID):
        connection.is_known = True


def _wants_body(request: dict[str, Any], response: object) -> bool:
    return request["REQUEST_METHOD"] != "HEAD" and not isinstance(response, EventStream)
