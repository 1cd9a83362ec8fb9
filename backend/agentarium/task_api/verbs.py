"""What can be done to tasks, one or many."""

from functools import partial
from typing import Any

from django.db.models import BigIntegerField
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from agentarium.accounts.api.requests import AuthenticatedRequest
from agentarium.http.bulk import MAX_IDS, CountSerializer
from agentarium.inbox.task_rows import whole_task
from agentarium.task_api.serializers import TaskSerializer
from agentarium.tasks.conversation import conversation_of
from agentarium.tasks.models import AgentTask, TaskQuerySet
from agentarium.tasks.services import (
    cancel_task,
    cancel_tasks,
    retry_task,
    retry_tasks,
)


class ManySerializer(serializers.Serializer[Any]):
    """Which tasks: those with these ids, or all that a filter finds."""

    ids = serializers.ListField(
        # No id is larger, and no database takes a larger number.
        child=serializers.IntegerField(
            min_value=1, max_value=BigIntegerField.MAX_BIGINT
        ),
        required=False,
        max_length=MAX_IDS,
    )
    status = serializers.ListField(
        child=serializers.ChoiceField(choices=AgentTask.Status.choices), required=False
    )
    agent = serializers.IntegerField(required=False)
    created_at__gte = serializers.DateTimeField(required=False)
    created_at__lte = serializers.DateTimeField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not (attrs or self.context["request"].query_params.get("search")):
            detail = "Give ids, or at least one filter."
            raise serializers.ValidationError({"ids": [detail]}, "required")
        return attrs


many_schema = partial(
    extend_schema,
    description="Those that the body names, or its filters find; with `search`, only "
    "what the list finds with it. Ones in another state are passed over.",
    parameters=[OpenApiParameter("search", description="As in the list.")],
    request=ManySerializer,
)


class TaskVerbs:
    """Actions of the tasks' view."""

    request: AuthenticatedRequest
    get_object: Any
    filter_queryset: Any

    @extend_schema(
        summary="Cancel a task",
        description="A pending or waiting one ends at once; a running one writes "
        "nothing after this, and its provider's connection is closed within a second. "
        "A task that has ended is a 409.",
        request=None,
        responses=TaskSerializer,
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        task = cancel_task(self.get_object(), by=self.request.user)
        return Response(whole_task(task))

    @extend_schema(
        summary="Run a failed task again",
        description="Its finished steps are kept. For tasks that failed or were "
        "cancelled; any other is a 409.",
        request=None,
        responses=TaskSerializer,
    )
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        task = retry_task(self.get_object(), by=self.request.user)
        return Response(whole_task(task))

    @many_schema(
        operation_id="tasks_cancel_many",
        summary="Cancel many tasks",
        responses=CountSerializer,
    )
    @action(detail=False, methods=["post"], url_path="cancel", url_name="cancel-many")
    def cancel_many(self, request: Request) -> Response:
        count = cancel_tasks(self._asked(), by=self.request.user)
        return Response({"count": count})

    @many_schema(
        operation_id="tasks_retry_many",
        summary="Run many failed tasks again",
        responses=CountSerializer,
    )
    @action(detail=False, methods=["post"], url_path="retry", url_name="retry-many")
    def retry_many(self, request: Request) -> Response:
        count = retry_tasks(self._asked(), by=self.request.user)
        return Response({"count": count})

    @extend_schema(
        operation_id="tasks_conversation",
        summary="Show a task's conversation",
        description="The tasks that it follows, itself, and those that follow it, "
        "oldest first.",
        responses=TaskSerializer(many=True),
        filters=False,
    )
    @action(detail=True, pagination_class=None)
    def conversation(self, request: Request, pk: str) -> Response:
        tasks = conversation_of(self.get_object(), user=self.request.user)
        return Response([*map(whole_task, tasks)])

    def _asked(self) -> TaskQuerySet:
        """The caller's tasks that the body names. Whatever is not theirs is missing."""
        asked = ManySerializer(
            data=self.request.data, context={"request": self.request}
        )
        asked.is_valid(raise_exception=True)
        filters = {
            "ids": "pk__in",
            "status": "status__in",
            "agent": "agent",
            "created_at__gte": "created_at__gte",
            "created_at__lte": "created_at__lte",
        }
        mine = AgentTask.objects.visible_to(self.request.user)
        named = mine.filter(
            **{filters[name]: value for name, value in asked.validated_data.items()}
        )
        found: TaskQuerySet = self.filter_queryset(named)
        return found
