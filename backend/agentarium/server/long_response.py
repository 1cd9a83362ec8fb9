"""Responses that take long: streams of server-sent events, and downloads."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from django.http import StreamingHttpResponse

from agentarium.server.stream_slots import StreamSlot

# Sent before a stream ends early, so that the reader reconnects soon.
RECONNECT = b": reconnect\nretry: 500\n\n"


class Guard(Protocol):
    """Watches whether a caller may still read what is being sent."""

    def watch(self) -> AbstractContextManager[asyncio.Future[bytes]]:
        """Watch, on the running event loop, until the block is left.

        The future is done when the caller may not read on, with the last bytes of a
        stream, which say why.
        """
        ...


@dataclass(slots=True)
class Permit:
    """What a long response holds while it is sent: its place, and who watches it."""

    slot: StreamSlot | None = None
    guard: Guard | None = None

    def release(self) -> None:
        if self.slot:
            self.slot.release()


class LongResponse(StreamingHttpResponse):
    """A body that is generated while it is sent, by `Site`.

    `permit` belongs to the response until `Site` takes it.
    """

    def __init__(
        self, parts: Iterable[bytes], *, permit: Permit | None = None, **options: Any
    ) -> None:
        super().__init__(parts, **options)
        self._permit = permit or Permit()

    def take_permit(self) -> Permit:
        permit, self._permit = self._permit, Permit()
        return permit

    def close(self) -> None:
        super().close()
        self._permit.release()


class EventStream(LongResponse):
    """A response of server-sent events, which `Site` sends from the event loop.

    `follow` returns the stream. Without `Site` nothing can wait for events, so the body
    only asks the reader to reconnect.
    """

    def __init__(
        self,
        *,
        follow: Callable[[], AsyncGenerator[bytes, None]],
        permit: Permit | None = None,
    ) -> None:
        super().__init__(
            [RECONNECT],
            permit=permit,
            content_type="text/event-stream; charset=utf-8",
        )
        self.headers["Cache-Control"] = "no-cache, no-transform"
        self.headers["X-Accel-Buffering"] = "no"
        self.follow = follow
