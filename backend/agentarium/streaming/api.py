from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from agentarium.accounts.api.requests import AuthenticatedRequest
from agentarium.server.long_response import EventStream
from agentarium.streaming.event_schema import StatusEventSerializer
from agentarium.streaming.renderers import EventStreamRenderer
from agentarium.streaming.responses import status_feed_response


class StatusFeedView(APIView):
    """The status changes of the caller's tasks."""

    request: AuthenticatedRequest
    renderer_classes = [EventStreamRenderer, JSONRenderer]

    @extend_schema(
        operation_id="events",
        summary="Follow all tasks",
        description="Server-sent events: `task.changed` with the task and its status, "
        "and `resync` if changes may have been missed: read the lists again.",
        parameters=[OpenApiParameter("format", exclude=True)],
        responses={(200, "text/event-stream"): StatusEventSerializer},
    )
    def get(self, request: Request) -> EventStream:
        return status_feed_response(self.request)
