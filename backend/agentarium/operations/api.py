"""The operators' API, for staff: workers, the queue, and all users' tasks."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agentarium.accounts.api.permissions import TokenHasScope
from agentarium.accounts.api.requests import AuthenticatedRequest
from agentarium.http.bulk import MAX_IDS, CountSerializer
from agentarium.http.fields import BoundedListField, IdField
from agentarium.http.permissions import IsStaff
from agentarium.operations import queue_state
from agentarium.tasks.models import Worker
from agentarium.tasks.services import fail_tasks, requeue_tasks


class WorkerSerializer(serializers.ModelSerializer[Worker]):
    is_alive = serializers.BooleanField(read_only=True)
    has_stopped = serializers.BooleanField(
        read_only=True,
        help_text="True after a graceful stop. A worker that is neither alive nor "
        "stopped was lost.",
    )
    running = serializers.IntegerField(
        read_only=True, help_text="Number of tasks it is running."
    )
    has_wrong_clock = serializers.BooleanField(
        read_only=True,
        help_text="Whether the clock of its machine is more than 30 seconds from the "
        "database's.",
    )

    class Meta:
        model = Worker
        fields = [
            "id",
            "name",
            "is_alive",
            "has_stopped",
            "capacity",
            "running",
            "started_at",
            "lease_until",
            "lost_at",
            "clock_offset_seconds",
            "has_wrong_clock",
        ]
        read_only_fields = fields


class PriorityCountSerializer(serializers.Serializer[Any]):
    priority = serializers.IntegerField()
    count = serializers.IntegerField()


class QueueDepthSerializer(serializers.Serializer[Any]):
    """Numbers of tasks that have not ended."""

    pending = serializers.IntegerField()
    due = serializers.IntegerField(help_text="Pending tasks that can start now.")
    not_due = serializers.IntegerField(help_text="Pending tasks scheduled for later.")
    running = serializers.IntegerField()
    waiting = serializers.IntegerField()
    priorities = PriorityCountSerializer(many=True, help_text="Due tasks, by priority.")


class OldestTaskSerializer(serializers.Serializer[Any]):
    """The task that has been due for the longest time."""

    task = serializers.IntegerField()
    since = serializers.DateTimeField()
    age_seconds = serializers.FloatField()


class WorkerTotalsSerializer(serializers.Serializer[Any]):
    """The workers that are alive."""

    alive = serializers.IntegerField(help_text="Number of workers.")
    capacity = serializers.IntegerField(
        help_text="Number of tasks that they can run concurrently."
    )


class RecentCountsSerializer(serializers.Serializer[Any]):
    """Numbers of occurrences in the last hour and in the last day."""

    hour = serializers.IntegerField()
    day = serializers.IntegerField()


class QueueSerializer(serializers.Serializer[Any]):
    depth = QueueDepthSerializer()
    oldest = serializers.SerializerMethodField(help_text="Null if no task is due.")
    workers = WorkerTotalsSerializer()
    recovered = RecentCountsSerializer(
        help_text="Attempts that were lost with their worker; the tasks were queued again."
    )
    lost = RecentCountsSerializer(
        help_text="Tasks that failed because too many of their attempts were lost."
    )

    @extend_schema_field(OldestTaskSerializer(allow_null=True))
    def get_oldest(self, state: dict[str, Any]) -> Any:
        oldest = state["oldest"]
        return oldest and OldestTaskSerializer(oldest).data


class IdsSerializer(serializers.Serializer[Any]):
    ids = BoundedListField(
        child=IdField(min_value=1),
        min_length=1,
        max_length=MAX_IDS,
        help_text="Ids of tasks of any users.",
    )


class StaffView(APIView):
    request: AuthenticatedRequest
    permission_classes = [IsAuthenticated, TokenHasScope, IsStaff]

    def read_ids(self) -> list[int]:
        serializer = IdsSerializer(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        ids: list[int] = serializer.validated_data["ids"]
        return ids


class WorkersView(StaffView):
    @extend_schema(
        operation_id="workers_list",
        summary="List the workers",
        description="Workers that are alive, then those that stopped or were lost in the "
        "last day. For staff.",
        responses=WorkerSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        workers = queue_state.list_workers()
        return Response(WorkerSerializer(workers, many=True).data)


class QueueView(StaffView):
    @extend_schema(
        operation_id="queue",
        summary="Show the queue",
        description="Numbers of tasks of all users, and of workers. For staff.",
        responses=QueueSerializer,
    )
    def get(self, request: Request) -> Response:
        return Response(queue_json())


class RequeueView(StaffView):
    @extend_schema(
        operation_id="queue_requeue",
        summary="Put tasks back into the queue",
        description="Running and waiting tasks continue in a new attempt, failed tasks "
        "are retried; stored steps are kept. Other tasks do not change. For staff.",
        request=IdsSerializer,
        responses=CountSerializer,
    )
    def post(self, request: Request) -> Response:
        count = requeue_tasks(self.read_ids(), by=self.request.user)
        return Response({"count": count})


class FailView(StaffView):
    @extend_schema(
        operation_id="queue_fail",
        summary="End tasks as failed",
        description="In any status. Tasks that have already ended do not change. For "
        "staff.",
        request=IdsSerializer,
        responses=CountSerializer,
    )
    def post(self, request: Request) -> Response:
        count = fail_tasks(self.read_ids(), by=self.request.user)
        return Response({"count": count})


def queue_json() -> dict[str, Any]:
    """The JSON of the queue's state. Eight queries."""
    state = {
        "depth": queue_state.read_depth(),
        "oldest": queue_state.find_oldest(),
        "workers": queue_state.count_workers(),
        "recovered": queue_state.count_recovered(),
        "lost": queue_state.count_lost(),
    }
    data: dict[str, Any] = QueueSerializer(state).data
    return data
