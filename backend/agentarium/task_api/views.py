from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from agentarium.accounts.api.requests import AuthenticatedRequest
from agentarium.accounts.models import ApiToken
from agentarium.agents.services import find_agent
from agentarium.core.exceptions import FieldError, InvalidInputError
from agentarium.db.compiled_query import CompiledQuery
from agentarium.http.body_limits import takes_large_body
from agentarium.http.filters import StrictFilterBackend
from agentarium.http.pagination import KeysetPagination
from agentarium.http.problems import MEDIA_TYPE
from agentarium.http.schema import PROBLEM_DESCRIPTIONS, ProblemSerializer
from agentarium.inbox.filters import TaskFilter, TaskOrdering, TaskSearch
from agentarium.inbox.pagination import TaskPagination
from agentarium.inbox.task_rows import task_json, task_row
from agentarium.operations.wait_reasons import explain_wait
from agentarium.server.long_response import EventStream
from agentarium.streaming.event_schema import StreamEventSerializer
from agentarium.streaming.renderers import EventStreamRenderer
from agentarium.streaming.responses import event_stream_response
from agentarium.streaming.stream_cursor import StreamCursor
from agentarium.task_api.serializers import (
    StepSerializer,
    TaskDetailSerializer,
    TaskRowSerializer,
    TaskRunSerializer,
    TaskSerializer,
)
from agentarium.task_api.verbs import TaskVerbs
from agentarium.tasks.models import AgentTask
from agentarium.tasks.services import NewTask, submit_once

MAX_KEY_CHARS = 200
# Created once: creating a serializer takes longer than using it.
_RUN = TaskRunSerializer()
_DETAILS: CompiledQuery[AgentTask] = CompiledQuery(lambda tasks: tasks.for_detail())
RUN_EXAMPLE = OpenApiExample(
    "Run an agent",
    value={"agent": 1, "input_text": "Explain write-ahead logging in two sentences."},
    request_only=True,
)
RUN_RESPONSE = OpenApiExample(
    "Accepted",
    value={
        "id": 7,
        "agent": 1,
        "agent_name": "Assistant",
        "agent_version": 1,
        "status": "pending",
        "input_text": "Explain write-ahead logging in two sentences.",
        "created_at": "2026-01-31T12:00:00.000000Z",
        "started_at": None,
        "finished_at": None,
        "attempt": 0,
        "steps_count": 0,
        "input_tokens": 0,
        "output_tokens": 0,
        "cost": "0",
        "cost_is_complete": True,
        "error_code": "",
        "output_text": "",
        "error_detail": "",
        "error_provider_message": "",
        "request_id": "4f1d3a0b6c5e4d2f8a9b7c6d5e4f3a2b",
        "model": "builtin:smollm2-135m-instruct",
    },
    response_only=True,
    status_codes=["201"],
)
run_schema = partial(
    extend_schema,
    summary="Run an agent",
    description="Returns the pending task immediately, after it was stored. Follow it "
    "by its `events`. An agent that does not exist, was deleted or is not yours is a "
    "404.",
    request=TaskRunSerializer,
    parameters=[
        OpenApiParameter(
            "Idempotency-Key",
            location=OpenApiParameter.HEADER,
            description="For 24 hours, the same key and body return the same task, as "
            "it was when it was submitted. The same key with another body is a 409.",
        )
    ],
    responses={
        201: TaskSerializer,
        (404, MEDIA_TYPE): OpenApiResponse(
            ProblemSerializer, PROBLEM_DESCRIPTIONS["404"]
        ),
        (409, MEDIA_TYPE): OpenApiResponse(
            ProblemSerializer, "The Idempotency-Key was used with another body."
        ),
    },
    examples=[RUN_EXAMPLE, RUN_RESPONSE],
)


def _checked_key(key: str) -> str:
    if len(key) > MAX_KEY_CHARS or not key.isprintable():
        detail = f"At most {MAX_KEY_CHARS} printable characters."
        raise InvalidInputError(
            errors={"Idempotency-Key": [FieldError("invalid", detail)]}
        )
    return key


@extend_schema_view(
    list=extend_schema(summary="List tasks", responses=TaskRowSerializer(many=True)),
    retrieve=extend_schema(summary="Get a task", responses=TaskDetailSerializer),
    create=run_schema(operation_id="tasks_create"),
    run=run_schema(operation_id="tasks_run"),
)
@takes_large_body
class TaskViewSet(
    TaskVerbs,
    mixins.ListModelMixin,
    viewsets.GenericViewSet[AgentTask],
):
    """Tasks are a record: they can be submitted, but not edited or deleted."""

    request: AuthenticatedRequest
    queryset = AgentTask.objects.none()
    serializer_class: Any = TaskSerializer
    filterset_class = TaskFilter
    filter_backends = [StrictFilterBackend, TaskSearch, TaskOrdering]
    pagination_class = TaskPagination
    # Enables `TaskSearch`, which uses the word index instead of these columns.
    search_fields = ["input_text", "agent__name"]
    ordering_fields = ["created_at", "status", "agent__name"]
    ordering = ["-created_at"]
    scope_by_action = dict.fromkeys(
        ("create", "run", "cancel", "retry", "cancel_many", "retry_many"),
        ApiToken.Scope.RUN,
    )

    def get_queryset(self) -> QuerySet[AgentTask]:
        tasks = AgentTask.objects.visible_to(self.request.user)
        match self.action:
            case "list" | "retrieve":
                # Their compiled queries select the columns.
                return tasks
        return tasks.only("id", "owner_id", "follows_id")

    def get_serializer_class(self) -> Any:
        match self.action:
            case "list":
                return TaskRowSerializer
            case "retrieve":
                return TaskDetailSerializer
        return super().get_serializer_class()

    def list(self, request: Request) -> Response:
        tasks = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        rows = [task_row(cast("Mapping[str, Any]", task)) for task in tasks or ()]
        return self.get_paginated_response(rows)

    def retrieve(self, request: Request, pk: str) -> Response:
        task = self._find(pk)
        wait = explain_wait(task)
        return Response({**task_json(task), "wait": wait and wait.as_row()})

    def _find(self, pk: str) -> AgentTask:
        """Like `get_object`, by a compiled query. Raises `Http404`."""
        try:
            tasks = _DETAILS.run(self.get_queryset().filter(pk=pk))
        except ValueError:
            tasks = []
        if not tasks:
            raise Http404
        self.check_object_permissions(self.request, tasks[0])
        return tasks[0]

    def create(self, request: Request) -> Response:
        return self._submit(request)

    @action(detail=False, methods=["post"])
    def run(self, request: Request) -> Response:
        return self._submit(request)

    def _submit(self, request: Request) -> Response:
        data = _RUN.run_validation(request.data)
        agent = find_agent(self.request.user, data["agent"])
        self.check_object_permissions(request, agent)
        key = request.META.get("HTTP_IDEMPOTENCY_KEY", "")
        task = submit_once(
            NewTask(
                key=_checked_key(key),
                agent=agent,
                owner=self.request.user,
                input_text=data["input_text"],
                priority=data["priority"],
                run_after=data["run_after"],
                follows=self._find_followed(data["follows"]),
            )
        )
        return Response(
            task_json(task),
            status=status.HTTP_201_CREATED,
            headers={"Location": reverse("task-detail", args=[task.pk])},
        )

    def _find_followed(self, pk: int | None) -> AgentTask | None:
        if pk is None:
            return None
        visible = AgentTask.objects.visible_to(self.request.user)
        return get_object_or_404(visible.only("id", "owner_id"), pk=pk)

    @extend_schema(
        operation_id="tasks_steps",
        summary="List a task's steps",
        description="In order, the first step first.",
        responses=StepSerializer(many=True),
        filters=False,
    )
    @action(
        detail=True,
        serializer_class=StepSerializer,
        pagination_class=KeysetPagination,
    )
    def steps(self, request: Request, pk: str) -> Response:
        steps: Any = self.get_object().steps.all()
        page: Any = self.paginate_queryset(steps)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="tasks_events",
        summary="Follow a task",
        description="Server-sent events: stored events after the cursor, then live "
        "events, until the task ends. The id of each event is the cursor after it. All "
        "data but that of deltas has a `created_at`. Comments keep the connection alive.",
        parameters=[
            OpenApiParameter("format", exclude=True),
            OpenApiParameter(
                "after", description="The cursor to continue from: the id of an event."
            ),
            OpenApiParameter(
                "Last-Event-ID",
                location=OpenApiParameter.HEADER,
                description="The same, as browsers send it when they reconnect. It "
                "takes precedence over `after`.",
            ),
        ],
        responses={
            (200, "text/event-stream"): StreamEventSerializer,
            (400, MEDIA_TYPE): OpenApiResponse(
                ProblemSerializer, PROBLEM_DESCRIPTIONS["400"]
            ),
        },
    )
    @action(detail=True, renderer_classes=[EventStreamRenderer, JSONRenderer])
    def events(self, request: Request, pk: str) -> EventStream:
        task = self.get_object()
        cursor = request.headers.get("Last-Event-ID") or request.query_params.get(
            "after"
        )
        return event_stream_response(
            self.request, task, StreamCursor.parse(cursor or "")
        )
