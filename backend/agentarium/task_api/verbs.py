"""Actions on tasks: cancel and retry, one or many, and the conversation."""

from functools import partial
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from agentarium.accounts.api.permissions import may_read
from agentarium.accounts.api.requests import AuthenticatedRequest
from agentarium.http.bulk import MAX_IDS, CountSerializer
from agentarium.http.fields import BoundedListField, IdField
from agentarium.inbox.task_rows import task_json
from agentarium.task_api.serializers import TaskSerializer
from agentarium.tasks.conversation import conversation_of
from agentarium.tasks.models import AgentTask, TaskQuerySet
from agentarium.tasks.services import (
    cancel_task,
    cancel_tasks,
    retry_task,
    retry_tasks,
)

# What a task was given and has said: empty for a token that may not read.
TEXT_COLUMNS = (
    "input_text",
    "output_text",
    "error_detail",
    "error_provider_message",
)
_TEXTS_NEED_READ = (
    " To a token without the scope `read`, the texts of the task are empty."
)


class TaskSelectionSerializer(serializers.Serializer[Any]):
    """Selects tasks by id, or by filters; several conditions must all match."""

    ids = BoundedListField(
        child=IdField(min_value=1), required=False, max_length=MAX_IDS
    )
    status = BoundedListField(
        child=serializers.ChoiceField(choices=AgentTask.Status.choices),
        required=False,
        max_length=len(AgentTask.Status),
    )
    agent = IdField(required=False)
    created_at__gte = serializers.DateTimeField(required=False)
    created_at__lte = serializers.DateTimeField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not (attrs or self.context["request"].query_params.get("search")):
            detail = "No tasks are selected. Send ids, or at least one filter."
            raise serializers.ValidationError({"ids": [detail]}, "required")
        return attrs


many_schema = partial(
    extend_schema,
    description="Selects tasks by ids or filters in the body, and by `search` as in the "
    "list. Tasks in another status are skipped.",
    parameters=[OpenApiParameter("search", description="As in the list.")],
    request=TaskSelectionSerializer,
)


class TaskVerbs:
    """Actions of `TaskViewSet`."""

    request: AuthenticatedRequest
    get_object: Any
    filter_queryset: Any

    @extend_schema(
        summary="Cancel a task",
        description="The task ends immediately and stores nothing more; the connection "
        "to the provider is closed within a second. A task that has ended is a 409."
        + _TEXTS_NEED_READ,
        request=None,
        responses=TaskSerializer,
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        task = cancel_task(self.get_object(), by=self.request.user)
        return self._respond(task)

    @extend_schema(
        summary="Retry a task",
        description="Queues a failed or cancelled task again. Its stored steps are kept. "
        "A task in any other status is a 409." + _TEXTS_NEED_READ,
        request=None,
        responses=TaskSerializer,
    )
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        task = retry_task(self.get_object(), by=self.request.user)
        return self._respond(task)

    @many_schema(
        operation_id="tasks_cancel_many",
        summary="Cancel many tasks",
        responses=CountSerializer,
    )
    @action(detail=False, methods=["post"], url_path="cancel", url_name="cancel-many")
    def cancel_many(self, request: Request) -> Response:
        count = cancel_tasks(self._selected_tasks(), by=self.request.user)
        return Response({"count": count})

    @many_schema(
        operation_id="tasks_retry_many",
        summary="Retry many tasks",
        responses=CountSerializer,
    )
    @action(detail=False, methods=["post"], url_path="retry", url_name="retry-many")
    def retry_many(self, request: Request) -> Response:
        count = retry_tasks(self._selected_tasks(), by=self.request.user)
        return Response({"count": count})

    @extend_schema(
        operation_id="tasks_conversation",
        summary="Show a task's conversation",
        description="The task, the tasks that it follows, and those that follow it, "
        "oldest first.",
        responses=TaskSerializer(many=True),
        filters=False,
    )
    @action(detail=True, pagination_class=None)
    def conversation(self, request: Request, pk: str) -> Response:
        tasks = conversation_of(self.get_object(), user=self.request.user)
        return Response([*map(task_json, tasks)])

    def _respond(self, task: AgentTask) -> Response:
        data = task_json(task)
        if not may_read(self.request):
            data |= dict.fromkeys(TEXT_COLUMNS, "")
        return Response(data)

    def _selected_tasks(self) -> TaskQuerySet:
        """The caller's tasks that the body selects; tasks of others are left out."""
        selection = TaskSelectionSerializer(
            data=self.request.data, context={"request": self.request}
        )
        selection.is_valid(raise_exception=True)
        filters = {
            "ids": "pk__in",
            "status": "status__in",
            "agent": "agent",
            "created_at__gte": "created_at__gte",
            "created_at__lte": "created_at__lte",
        }
        conditions = {
            filters[name]: value for name, value in selection.validated_data.items()
        }
        tasks = AgentTask.objects.visible_to(self.request.user).filter(**conditions)
        selected: TaskQuerySet = self.filter_queryset(tasks)
        return selected
