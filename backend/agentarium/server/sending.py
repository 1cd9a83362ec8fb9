"""Sending a long response: until it ends, or until it has to.

It has to when its reader leaves or takes nothing for too long, when its caller loses
access, and when the server stops.
"""

import asyncio
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Coroutine,
    MutableMapping,
)
from contextlib import AbstractContextManager, aclosing, nullcontext
from typing import Any, NamedTuple

import structlog

from agentarium.observability.metrics import STREAMS_CUT, STREAMS_OPEN
from agentarium.server.download import CutOffError, Download
from agentarium.server.long_response import RECONNECT, Guard
from agentarium.server.wsgi_bridge import Scope

log = structlog.get_logger(__name__)

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# A stream ends after this many seconds, so that the caller's rights are checked again.
MAX_STREAM_SECONDS = 1800
# A reader that has taken nothing for this long is cut off.
STALL_SECONDS = 60.0
# The extension of ASGI by which our server closes a connection without waiting until
# its reader has taken the rest, and the name of the function in it.
ABORT, CLOSE = "agentarium.abort", "close"


class StalledError(Exception):
    """The reader has taken nothing for too long."""


class Ending(NamedTuple):
    """How sending ended: by itself, or cut off; and the last bytes of a stream."""

    was_cut: bool
    last: bytes


class Connection:
    """The connection of one request, to a reader that may be slow, stall or leave."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send

    async def send(self, body: bytes, *, is_last: bool = False) -> None:
        """Send a part of the body. Raises `StalledError`."""
        message: dict[str, Any] = {"type": "http.response.body", "body": body}
        if not is_last:
            message["more_body"] = True
        try:
            async with asyncio.timeout(STALL_SECONDS):
                await self._send(message)
        except TimeoutError:
            raise StalledError from None

    async def wait_for_disconnect(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def abort(self) -> None:
        """Close it now. Raises `CutOffError` if the server cannot: then that makes it."""
        STREAMS_CUT.labels("stalled").inc()
        log.info("stream.stalled", path=self._scope["path"])
        extension = self._scope.get("extensions", {}).get(ABORT)
        if extension is None:
            raise CutOffError
        extension[CLOSE]()
        await self.wait_for_disconnect()


class Sender:
    """Sends the long responses of this process. Belongs to one event loop."""

    def __init__(self) -> None:
        self._sending: set[asyncio.Task[None]] = set()
        self.is_draining = False

    def drain(self) -> None:
        """End what is being sent, and streams that begin later at their beginning."""
        self.is_draining = True
        for sending in self._sending:
            sending.cancel()

    async def send_stream(
        self,
        connection: Connection,
        stream: AsyncGenerator[bytes, None],
        guard: Guard | None,
    ) -> None:
        """Send a stream, the reason if it is cut off, and the end of the body."""
        try:
            ending = Ending(was_cut=True, last=RECONNECT)
            if not self.is_draining:
                work = _send_events(stream, connection)
                ending = await self._send_while_allowed(work, connection, guard)
            await connection.send(ending.last, is_last=True)
        except StalledError:
            await connection.abort()

    async def send_download(
        self, connection: Connection, download: Download, guard: Guard | None
    ) -> None:
        """Send a body to its end. Raises the error that ended it early.

        The server then closes the connection: a body that ended normally would look
        complete.
        """
        try:
            work = _send_chunks(download, connection)
            ending = await self._send_while_allowed(work, connection, guard)
            if ending.was_cut:
                raise CutOffError
            await connection.send(b"", is_last=True)
        except StalledError:
            await connection.abort()

    async def _send_while_allowed(
        self,
        work: Coroutine[Any, Any, None],
        connection: Connection,
        guard: Guard | None,
    ) -> Ending:
        """Send until all is sent, the reader leaves, or it has to end."""
        sending = asyncio.create_task(work)
        leaving = asyncio.create_task(connection.wait_for_disconnect())
        self._sending.add(sending)
        STREAMS_OPEN.inc()
        try:
            with _watched(guard) as revoked:
                waited_for: set[asyncio.Future[Any]] = {sending, leaving, revoked}
                await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
                last = revoked.result() if revoked.done() else RECONNECT
        finally:
            leaving.cancel()
            sending.cancel()
            self._sending.discard(sending)
            STREAMS_OPEN.dec()
        try:
            await sending
        except asyncio.CancelledError:
            if not leaving.done() or leaving.cancelled():
                return Ending(was_cut=True, last=last)
        return Ending(was_cut=False, last=b"")


def _watched(
    guard: Guard | None,
) -> AbstractContextManager[asyncio.Future[bytes]]:
    if guard:
        return guard.watch()
    return nullcontext(asyncio.get_running_loop().create_future())


async def _send_events(
    stream: AsyncGenerator[bytes, None], connection: Connection
) -> None:
    try:
        async with aclosing(stream), asyncio.timeout(MAX_STREAM_SECONDS):
            async for chunk in stream:
                await connection.send(chunk)
    except TimeoutError:
        await connection.send(RECONNECT)
    except StalledError:
        raise
    except Exception:
        # Its reader reconnects.
        log.exception("stream.failed")


async def _send_chunks(download: Download, connection: Connection) -> None:
    async with aclosing(download.chunks()) as chunks:
        async for chunk in chunks:
            await connection.send(chunk)
