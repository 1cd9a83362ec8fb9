"""One process for both kinds of request: short ones on threads, streams on the loop.

Django's ASGI handler switches threads several times for each request, and occupies a
thread (and so a database connection) for each open stream. Here the whole synchronous
site runs as WSGI in a bounded thread pool: authentication, checks, rate limits and logs
are the same for all requests. If a view returns an `EventStream`, only the sending moves
to the event loop. Any other streamed body is generated in the pool, one chunk at a time,
as fast as its reader takes it. Requests that wait for other servers have a pool of
their own.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from typing import Any, Protocol, TypeVar
from wsgiref.types import WSGIApplication

import structlog
from django.conf import settings
from django.http import StreamingHttpResponse

from agentarium.core.exceptions import (
    ContentTooLargeError,
    DomainError,
    MethodNotAllowedError,
    ServerBusyError,
)
from agentarium.db.request_limits import limited_statements
from agentarium.db.sqlite_gate import hold_sqlite_gate
from agentarium.http.body_limits import UnreadBody
from agentarium.http.local_access import BOUND_HOST
from agentarium.http.requests import django_request
from agentarium.observability.request_log import CALLER_ID, PROBES
from agentarium.server.connections.protocol import CONNECTION
from agentarium.server.download import Download
from agentarium.server.fair_threads import FairThreads, KnownCallers
from agentarium.server.long_response import EventStream, LongResponse
from agentarium.server.request_body import (
    BUSY_SECONDS,
    Bodies,
    ClientLeftError,
    ReceivedBody,
)
from agentarium.server.sending import Connection, Receive, Send, Sender
from agentarium.server.waiting_threads import WaitingThreads
from agentarium.server.wsgi_bridge import (
    Answer,
    Scope,
    as_start_response,
    content_length,
    environ,
)

log = structlog.get_logger(__name__)

R = TypeVar("R")
Lifespan = Callable[[], AbstractAsyncContextManager[None]]

# A request that has waited this long for a thread is refused.
QUEUE_SECONDS = 8
# The environment's key of the most bytes that the route takes.
BODY_LIMIT = "agentarium.body_limit"


class ProbeAnswers(Protocol):
    """What health probes are told, on the event loop and within a second."""

    async def answer(self, path: str) -> tuple[HTTPStatus, dict[str, str]]: ...

    def begin(self) -> None: ...

    def close(self) -> None: ...


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
        bodies: Bodies,
        probes: ProbeAnswers | None = None,
        waiting: WaitingThreads | None = None,
    ) -> None:
        """Without `probes`, the WSGI site answers their paths, too."""
        self._site = site
        self._lifespan = lifespan
        self._bodies = bodies
        self.probes = probes
        self._threads = FairThreads(threads, name="agentarium-web")
        self._callers = KnownCallers()
        self._waiting = waiting or WaitingThreads()
        self._sender = Sender()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._run_lifespan(receive, send)
        elif scope["type"] == "http" and self.probes and scope["path"] in PROBES:
            await self._answer_probe(self.probes, scope, send)
        elif scope["type"] == "http":
            await self._respond(scope, receive, send)

    def drain(self) -> None:
        """End what may last: open streams, with a hint to reconnect, and slow calls.

        Those that begin later end immediately.
        """
        self._sender.drain()
        self._waiting.stop()

    async def _run_lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            async with self._lifespan():
                await send({"type": "lifespan.startup.complete"})
                await receive()
                self.drain()
        finally:
            self._threads.shutdown()
            self._waiting.pool.shutdown()
            if self.probes:
                self.probes.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer_probe(
        self, probes: ProbeAnswers, scope: Scope, send: Send
    ) -> None:
        """Answer without a thread of the pool: they may all wait for the database."""
        answer = Answer.of_json(*await probes.answer(scope["path"]))
        if scope["method"] not in ("GET", "HEAD"):
            error = MethodNotAllowedError()
            answer = Answer.of_problem(error, scope["path"])
            answer.headers.append((b"allow", b"GET, HEAD"))
        await _send_head(answer, send)
        await send({"type": "http.response.body", "body": answer.body})

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = environ(scope)
        body = self._bodies.new(self._callers.caller_of(request))
        try:
            answer = await self._answer(scope, request, receive, body)
        except ClientLeftError:
            return
        except DomainError as error:
            answer = Answer.of_problem(error, scope["path"])
            log.info(
                "request.refused",
                method=scope["method"],
                path=scope["path"],
                status=int(error.status),
                code=error.code,
            )
        finally:
            body.close()
        try:
            await self._send_answer(answer, scope, receive, send)
        finally:
            answer.permit.release()

    async def _send_answer(
        self, answer: Answer, scope: Scope, receive: Receive, send: Send
    ) -> None:
        connection = Connection(scope, receive, send)
        await _send_head(answer, send)
        guard = answer.permit.guard
        if answer.download:
            await self._sender.send_download(connection, answer.download, guard)
        elif answer.stream and scope["method"] != "HEAD":
            await self._sender.send_stream(connection, answer.stream, guard)
        else:
            await send({"type": "http.response.body", "body": answer.body})

    async def _answer(
        self,
        scope: Scope,
        request: dict[str, Any],
        receive: Receive,
        body: ReceivedBody,
    ) -> Answer:
        """The site's answer. It is asked for a large body before that is read."""
        request[BOUND_HOST] = self.bound_host
        declared = content_length(scope) or 0
        is_small = declared <= self._bodies.small
        if is_small:
            is_small = await body.receive(receive, up_to=self._bodies.small)
        if not is_small:
            request["CONTENT_LENGTH"] = str(max(declared, body.size))
            if answer := await self._in_pool(self._ask_site, request):
                return answer
            self._remember(request)
            body.belongs_to(self._callers.caller_of(request))
            if not await body.receive(receive, up_to=request[BODY_LIMIT]):
                raise ContentTooLargeError
        request["CONTENT_LENGTH"] = str(body.size)
        request["wsgi.input"] = body.open()
        answer = await self._in_pool(self._call_site, request)
        self._recognize(scope, request)
        return answer

    async def _in_pool(
        self, call: Callable[[dict[str, Any]], R], request: dict[str, Any]
    ) -> R:
        """Call it in a thread. Raises `ServerBusyError` if none is free for too long."""
        began_at = time.monotonic()

        def run() -> R:
            if time.monotonic() - began_at > QUEUE_SECONDS:
                raise ServerBusyError(retry_after=BUSY_SECONDS)
            return call(request)

        if self._waiting.serve(request):
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._waiting.pool, run)
        return await self._threads.run(self._callers.caller_of(request), run)

    def _remember(self, request: dict[str, Any]) -> int | None:
        """Remember the caller, if the site has authenticated it. Returns its id."""
        user_id: int | None = request.get(CALLER_ID)
        if user_id:
            self._callers.remember(request, user_id)
        return user_id

    def _recognize(self, scope: Scope, request: dict[str, Any]) -> None:
        """Remember the caller, and tell the connection: it may then stay longer."""
        user_id = self._remember(request)
        connection = scope.get("state", {}).get(CONNECTION)
        if user_id and connection:
            connection.user_id = user_id

    def _ask_site(self, request: dict[str, Any]) -> Answer | None:
        """Ask the site whether it takes a large body. Returns its answer if it does not.

        Raises `ContentTooLargeError`.
        """
        path = request["PATH_INFO"].encode("latin-1").decode(errors="replace")
        limit = request[BODY_LIMIT] = self._bodies.limit_of(path)
        if int(request["CONTENT_LENGTH"]) > limit:
            raise ContentTooLargeError
        if settings.DEBUG:
            # Django would answer with its page for errors.
            return None
        request["wsgi.input"] = UnreadBody()
        answer = self._call_site(request)
        return None if answer.status == HTTPStatus.CONTINUE else answer

    def _call_site(self, request: dict[str, Any]) -> Answer:
        answer = Answer()
        with hold_sqlite_gate(), limited_statements():
            response: Any = self._site(request, as_start_response(answer))
        if isinstance(response, LongResponse):
            answer.permit = response.take_permit()
        is_streamed = isinstance(response, StreamingHttpResponse)
        if is_streamed and _wants_body(request, response):
            # The response is closed when it has been sent.
            answer.download = Download(response, self._threads.pool)
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


def _wants_body(request: dict[str, Any], response: object) -> bool:
    return request["REQUEST_METHOD"] != "HEAD" and not isinstance(response, EventStream)


async def _send_head(answer: Answer, send: Send) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": answer.headers,
        }
    )
