"""Uvicorn's HTTP protocol, with limits on how long a client may keep us waiting.

A connection is in one of five phases. Uvicorn itself limits only the pause between an
answer and the next request.
"""

import asyncio
from enum import Enum
from time import monotonic
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from agentarium.server.connections.registry import Registry, closed
from agentarium.server.connections.transport import LenientTransport
from agentarium.server.sending import ABORT, CLOSE

# From the connection, or from the first byte of a further request, to the end of the head.
HEAD_SECONDS = 15.0
MAX_HEAD_BYTES = 65_536
# A body, or an answer, that does not move for this long is given up.
STALL_SECONDS = 30.0
# The site itself gives up a stream or a download, after less time than this.
SENDING_STALL_SECONDS = 90.0
# Slower ones use up that time little by little.
MIN_BYTES_PER_SECOND = 1000.0
BODY_SECONDS = 300.0
# How long we read the rest of a body after an early answer, so that a client which sends
# before it reads gets the answer and not a reset.
DISCARD_SECONDS = 5.0
# The key of the connection in the state of an ASGI scope.
CONNECTION = "agentarium.connection"

_TOO_MANY = b"Too many connections. Try again later.\n"
_TOO_SLOW = b"The request did not arrive in time.\n"
_TOO_LONG = b"The head of the request is too long.\n"


class Phase(Enum):
    """What we wait for."""

    HEAD = "head"
    BODY = "body"
    # For our own answer, or for the client to read it.
    ANSWER = "answer"
    # The rest of a body that has been answered already.
    DISCARD = "discard"
    NEXT_REQUEST = "next_request"


class Patience:
    """The time that a transfer has left. It runs out if too little moves."""

    def __init__(self, now: float, seconds: float = STALL_SECONDS) -> None:
        self._seconds = self._left = seconds
        self._counted_until = now

    def is_over(self, now: float, moved: int) -> bool:
        """Count the bytes that have moved since the last call."""
        gained = moved / MIN_BYTES_PER_SECOND - (now - self._counted_until)
        self._left = min(self._seconds, self._left + gained)
        self._counted_until = now
        return self._left <= 0


class AbortableProtocol(HttpToolsProtocol):
    """HTTP over a connection that the site can close while its reader takes nothing.

    Closed in the usual way, it would wait for the reader to take what is buffered.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        lenient: Any = LenientTransport(transport)
        super().connection_made(lenient)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: {CLOSE: self.transport.abort}}


class LimitedProtocol(AbortableProtocol):
    """A connection that is closed if its client sends or reads too slowly."""

    def __init__(self, *args: Any, registry: Registry, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._registry = registry
        self.address = ""
        self.user_id: int | None = None
        self._phase = Phase.HEAD
        self._began_at = self._now()
        self._has_begun_head = False
        self._is_reading_body = False
        self._unanswered = 0
        # Received in this phase; and of it, since the last check of the time.
        self._received = self._received_lately = 0
        self._reading = self._writing = Patience(self._began_at)
        self._buffered = 0
        self._has_resumed = False

    @staticmethod
    def _now() -> float:
        return monotonic()

    # --- What uvicorn and the parser call ---------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        if self._registry.admit(self):
            self._registry.set_waiting(self, is_waiting=True)
        else:
            self._answer_and_close(b"503 Service Unavailable", _TOO_MANY)

    def connection_lost(self, exc: Exception | None) -> None:
        self._registry.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._received += len(data)
        self._received_lately += len(data)
        super().data_received(data)
        self._update_phase()
        if self._phase is Phase.HEAD and self._received > MAX_HEAD_BYTES:
            self._close_slow(b"431 Request Header Fields Too Large", _TOO_LONG)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._has_begun_head = True
        state: dict[str, Any] = self.scope["state"]
        state[CONNECTION] = self

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._has_begun_head = False
        self._is_reading_body = True
        self._unanswered += 1

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._is_reading_body = False

    def on_response_complete(self) -> None:
        self._unanswered -= 1
        super().on_response_complete()
        self._update_phase()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._has_resumed = True

    # --- What the registry calls ------------------------------------------------------

    def give_way(self) -> None:
        if self.transport.get_write_buffer_size():
            # The registry no longer watches it, and it may never take the rest.
            self.transport.abort()
        else:
            self.transport.close()

    def check_time(self, now: float) -> None:
        if self._is_stuck_writing(now):
            closed("answer")
            self.transport.abort()
        elif not self.transport.is_closing() and self._is_too_slow(now):
            closed(self._phase.value)
            self._close_slow(b"408 Request Timeout", _TOO_SLOW)

    def _is_stuck_writing(self, now: float) -> bool:
        """Whether the client does not take what we have written.

        This also concerns connections that are closed once everything is sent.
        """
        before, self._buffered = self._buffered, self.transport.get_write_buffer_size()
        has_moved = self._has_resumed or not self._buffered or not before
        self._has_resumed = False
        if has_moved:
            self._writing = self._patience_for_answer(now)
            return False
        return self._writing.is_over(now, max(0, before - self._buffered))

    def _patience_for_answer(self, now: float) -> Patience:
        is_sending = self._phase is Phase.ANSWER
        return Patience(now, SENDING_STALL_SECONDS if is_sending else STALL_SECONDS)

    def _is_too_slow(self, now: float) -> bool:
        waited = now - self._began_at
        received, self._received_lately = self._received_lately, 0
        if self.flow.read_paused:
            # We have not taken what it has sent.
            self._reading = Patience(now)
        match self._phase:
            case Phase.HEAD:
                return waited > HEAD_SECONDS
            case Phase.BODY:
                return waited > BODY_SECONDS or self._reading.is_over(now, received)
            case Phase.DISCARD:
                return waited > DISCARD_SECONDS
            case _:
                # Uvicorn closes those that wait for a request.
                return False

    # --- Phases -----------------------------------------------------------------------

    def _update_phase(self) -> None:
        phase = self._current_phase()
        if phase is self._phase:
            return
        self._phase = phase
        self._began_at = self._now()
        self._received = self._received_lately = 0
        self._reading = Patience(self._began_at)
        self._writing = self._patience_for_answer(self._began_at)
        self._registry.set_waiting(self, is_waiting=self._phase is not Phase.ANSWER)

    def _current_phase(self) -> Phase:
        if self._unanswered:
            return Phase.BODY if self._is_reading_body else Phase.ANSWER
        if self._is_reading_body:
            return Phase.DISCARD
        # A new connection owes its first head.
        is_new = self._phase is Phase.HEAD
        return Phase.HEAD if is_new or self._has_begun_head else Phase.NEXT_REQUEST

    @property
    def is_sending_body(self) -> bool:
        return self._phase is Phase.BODY

    # --- Closing ----------------------------------------------------------------------

    def _close_slow(self, status: bytes, text: bytes) -> None:
        is_heard = self._phase is Phase.HEAD and self._has_begun_head
        if is_heard or (self._phase is Phase.BODY and not self.cycle.response_started):
            self._answer_and_close(status, text)
        else:
            self.transport.close()

    def _answer_and_close(self, status: bytes, text: bytes) -> None:
        head = (
            b"HTTP/1.1 %b\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n"
            b"connection: close\r\nretry-after: 5\r\n\r\n"
        )
        self.transport.write(head % (status, len(text)) + text)
        # When that is sent; `check_time` ends the wait for it.
        self.transport.close()
