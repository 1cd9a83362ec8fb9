"""The response of views that return server-sent events."""

from collections.abc import AsyncGenerator, Callable

from django.http import StreamingHttpResponse

# Sent before a stream ends early, so that the reader reconnects soon.
RECONNECT = b": reconnect\nretry: 500\n\n"


class EventStream(StreamingHttpResponse):
    """A response of server-sent events, which `Site` sends from the event loop.

    `follow` returns the stream. Without `Site` nothing can wait for events, so the body
    only asks the reader to reconnect.
    """

    def __init__(self, *, follow: Callable[[], AsyncGenerator[bytes, None]]) -> None:
        super().__init__([RECONNECT], content_type="text/event-stream; charset=utf-8")
        self.headers["Cache-Control"] = "no-cache, no-transform"
        self.headers["X-Accel-Buffering"] = "no"
        self.follow = follow
