from rest_framework.renderers import BaseRenderer


class EventStreamRenderer(BaseRenderer):
    """Lets clients ask for `text/event-stream`; the stream renders itself."""

    media_type = "text/event-stream"
    format = "sse"
