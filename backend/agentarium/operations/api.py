"""What the staff of a server sees and does: workers, the queue, anybody's tasks."""

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
from agentarium.http.permissions import IsStaff
from agentarium.operations import queue_state
from agentarium.tasks.models import Worker
from agentarium.tasks.services import fail_tasks, requeue_tasks


class WorkerSerializer(serializers.ModelSerializer[Worker]):
    is_alive = serializers.BooleanField(read_only=True)
    has_stopped = serializers.BooleanField(
        read_only=True, help_text="It ended in order; else, not alive, it was lost."
    )
    running = serializers.IntegerField(
        read_only=True, help_text="How many tasks it runs now."
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
        ]
        read_only_fields = fields


class AtPrioritySerializer(serializers.Serializer[Any]):
    priority = serializers.IntegerField()
    count = serializers.IntegerField()


class DepthSerializer(serializers.Serializer[Any]):
    """How many tasks are live."""

    pending = serializers.IntegerField()
    due = serializers.IntegerField(help_text="Pending ones that could be begun now.")
    not_due = serializers.IntegerField(help_text="Pending ones with a later time.")
    running = serializers.IntegerField()
    waiting = serializers.IntegerField()
    priorities = AtPrioritySerializer(many=True, help_text="Of those that are due.")


class OldestSerializer(serializers.Serializer[Any]):
    """The task that could have been begun for the longest time."""

    task = serializers.IntegerField()
    since = serializers.DateTimeField()
    age_seconds = serializers.FloatField()


class FleetSerializer(serializers.Serializer[Any]):
    """The workers that are alive."""

    alive = serializers.IntegerField()
    capacity = serializers.IntegerField(help_text="How many tasks they can hold.")


class LatelySerializer(serializers.Serializer[Any]):
    """How often it happened in the last hour, and in the last day."""

    hour = serializers.IntegerField()
    day = serializers.IntegerField()


class QueueSerializer(serializers.Serializer[Any]):
    depth = DepthSerializer()
    oldest = serializers.SerializerMethodField(help_text="Null where none is due.")
    workers = FleetSerializer()
    recovered = LatelySerializer(
        help_text="Attempts whose worker died, and whose tasks went on."
    )
    lost = LatelySerializer(
        help_text="Tasks that failed because too many workers died of them."
    )

    @extend_schema_field(OldestSerializer(allow_null=True))
    def get_oldest(self, state: dict[str, Any]) -> Any:
        oldest = state["oldest"]
        return oldest and OldestSerializer(oldest).data


class IdsSerializer(serializers.Serializer[Any]):
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        min_length=1,
        max_length=MAX_IDS,
        help_text="Tasks, whoever owns them.",
    )


class StaffView(APIView):
    request: AuthenticatedRequest
    permission_classes = [IsAuthenticated, TokenHasScope, IsStaff]

    def asked_ids(self) -> list[int]:
        asked = IdsSerializer(data=self.request.data)
        asked.is_valid(raise_exception=True)
        ids: list[int] = asked.validated_data["ids"]
        return ids


class WorkersView(StaffView):
    @extend_schema(
        operation_id="workers_list",
        summary="List the workers",
        description="Those that are alive, then those that ended in the last day. "
        "For staff.",
        responses=WorkerSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        workers = queue_state.list_workers()
        return Response(WorkerSerializer(workers, many=True).data)


class QueueView(StaffView):
    @extend_schema(
        operation_id="queue",
        summary="Show the queue",
        description="All users' tasks in numbers. For staff.",
        responses=QueueSerializer,
    )
    def get(self, request: Request) -> Response:
        return Response(queue_json())


class RequeueView(StaffView):
    @extend_schema(
        operation_id="queue_requeue",
        summary="Put tasks back into the queue",
        description="Running and waiting ones go on as a new attempt, failed ones are "
        "run again; finished steps are kept. Others are left as they are. For staff.",
        request=IdsSerializer,
        responses=CountSerializer,
    )
    def post(self, request: Request) -> Response:
        count = requeue_tasks(self.asked_ids(), by=self.request.user)
        return Response({"count": count})


class FailView(StaffView):
    @extend_schema(
        operation_id="queue_fail",
        summary="End tasks as failed",
        description="Whatever they do just now. Those that have ended are left as they "
        "are. For staff.",
        request=IdsSerializer,
        responses=CountSerializer,
    )
    def post(self, request: Request) -> Response:
        count = fail_tasks(self.asked_ids(), by=self.request.user)
        return Response({"count": count})


def queue_json() -> dict[str, Any]:
    """The state of the queue as the API shows it. Eight queries."""
    state = {
        "depth": queue_state.read_depth(),
        "oldest": queue_state.find_oldest(),
        "workers": queue_state.read_fleet(),
        "recovered": queue_state.count_recovered(),
        "lost": queue_state.count_lost(),
    }
    data: dict[str, Any] = QueueSerializer(state).data
    return data
