"""`GET /api/export/`: all data of the caller, as JSON Lines."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from agentarium.accounts.api.requests import AuthenticatedRequest
from agentarium.accounts.models import User
from agentarium.agents.api.serializers import AgentSerializer, AgentVersionSerializer
from agentarium.agents.models import AgentVersion
from agentarium.reporting.export import export_rows
from agentarium.server.long_response import LongResponse
from agentarium.streaming.responses import download_response
from agentarium.task_api.serializers import StepSerializer, TaskSerializer
from agentarium.tasks.models import Draft, Event, Step

MEDIA_TYPE = "application/x-ndjson"
# Instantiated once: creating a serializer takes longer than using it.
AGENT, VERSION = AgentSerializer(), AgentVersionSerializer()
TASK, STEP = TaskSerializer(), StepSerializer()


class LinesRenderer(BaseRenderer):
    """Makes JSON Lines acceptable; the response encodes itself."""

    media_type = MEDIA_TYPE
    format = "ndjson"


class ExportView(APIView):
    """All data of the caller."""

    request: AuthenticatedRequest
    renderer_classes = [LinesRenderer, JSONRenderer]

    @extend_schema(
        operation_id="export",
        summary="Export your data",
        description="JSON Lines: agents with their versions, then tasks with their "
        "steps, events and drafts, one object with a `type` in each line. The last "
        "line has the type `end` and the `count` of the lines before it; without it, "
        "the export is incomplete.",
        parameters=[OpenApiParameter("format", exclude=True)],
        responses={(200, MEDIA_TYPE): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> LongResponse:
        return download_response(
            self.request,
            export_lines(self.request.user),
            content_type=MEDIA_TYPE,
            headers={"Content-Disposition": 'attachment; filename="agentarium.jsonl"'},
        )


def export_lines(user: User) -> Iterator[bytes]:
    count = 0
    for kind, row in export_rows(user):
        yield orjson.dumps({"type": kind, **SHAPES[kind](row)}) + b"\n"
        count += 1
    yield orjson.dumps({"type": "end", "count": count}) + b"\n"


def _version(version: AgentVersion) -> dict[str, Any]:
    return {"agent": version.agent_id, **VERSION.to_representation(version)}


def _step(step: Step) -> dict[str, Any]:
    return {"task": step.task_id, **STEP.to_representation(step)}


def _event(event: Event) -> dict[str, Any]:
    return {
        "task": event.task_id,
        "attempt": event.attempt,
        "seq": event.seq,
        "event": event.type,
        "created_at": event.created_at,
        "data": event.data,
    }


def _draft(draft: Draft) -> dict[str, Any]:
    return {
        "task": draft.task_id,
        "attempt": draft.attempt,
        "seq": draft.seq,
        "step": draft.step,
        "channel": draft.channel,
        "offset": draft.offset,
        "text": draft.text,
    }


SHAPES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "agent": AGENT.to_representation,
    "agent_version": _version,
    "task": TASK.to_representation,
    "step": _step,
    "event": _event,
    "draft": _draft,
}
