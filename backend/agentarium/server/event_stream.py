"""The response of a view that answers with server-sent events."""

from collections.abc import AsyncGenerator, Callable

from django.http import StreamingHttpResponse

# What a reader is told before a stream ends early: come back soon.
RECONNECT = b": reconnect\nretry: 500\n\n"


class EventStream(StreamingHttpResponse):
    """A response of server-sent events, which `Site` sends from the event loop.

    `follow` makes the stream. Without `Site` nothing can wait for events: the body only
    asks the reader to come back.
    """

    def __init__(self, *, follow: Callable[[], AsyncGenerator[bytes, None]]) -> None:
        super().__init__([RECONNECT], content_type="text/event-stream; charset=utf-8")
        self.headers["Cache-Control"] = "no-cache, no-transform"
        self.headers["X-Accel-Buffering"] = "no"
        self.follow = follow
