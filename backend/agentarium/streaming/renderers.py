from rest_framework.renderers import BaseRenderer


class EventStreamRenderer(BaseRenderer):
    """Makes `text/event-stream` acceptable; the stream encodes itself."""

    media_type = "text/event-stream"
    format = "sse"
