"""`GET /api/stats/`: how the caller's tasks ended over time."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agentarium.accounts.api.requests import AuthenticatedRequest
from agentarium.agents.models import Agent
from agentarium.http.fields import DollarsField, VisibleRelatedField
from agentarium.http.problems import MEDIA_TYPE
from agentarium.http.schema import MEANINGS, ProblemSerializer
from agentarium.reporting.statistics import (
    STEP,
    TOP_AGENTS,
    Asked,
    Figures,
    read_report,
)
from agentarium.tasks.models import Bucket

MAX_BUCKETS = 400
# How far back it goes where nobody says.
LOOK_BACK = {Bucket.HOUR: timedelta(hours=23), Bucket.DAY: timedelta(days=29)}


class StatsQuerySerializer(serializers.Serializer[Any]):
    bucket = serializers.ChoiceField(
        choices=Bucket.choices, default=Bucket.DAY, help_text="Days are those of UTC."
    )
    since = serializers.DateTimeField(
        required=False,
        help_text="The first hour or day is the one that holds it; 24 hours or 30 days "
        "back where it is left out.",
    )
    until = serializers.DateTimeField(
        required=False, help_text="The last one holds it; now where it is left out."
    )
    agent = VisibleRelatedField(
        queryset=Agent.objects.all(),
        required=False,
        help_text="Only the tasks of this agent.",
        error_messages={"does_not_exist": "There is no such agent."},
    )

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Add what was left out. Nothing ends later than now."""
        bucket, now = Bucket(asked["bucket"]), timezone.now()
        until = min(asked.get("until", now), now)
        since = asked.get("since", until - LOOK_BACK[bucket])
        if since > until:
            raise serializers.ValidationError(
                {"since": "This is after the end."}, "invalid"
            )
        if until - since > (MAX_BUCKETS - 1) * STEP[bucket]:
            raise serializers.ValidationError(
                {"since": f"At most {MAX_BUCKETS} of a {bucket} at once."}, "too_many"
            )
        return {
            "bucket": bucket,
            "since": since,
            "until": until,
            "agent": asked.get("agent"),
        }


class QuantilesSerializer(serializers.Serializer[Any]):
    p50 = serializers.FloatField()
    p95 = serializers.FloatField()


class FiguresSerializer(serializers.Serializer[Figures]):
    """How tasks ended, each counted once, when and how it ended last."""

    completed = serializers.IntegerField()
    failed = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cost = DollarsField(
        source="cost_nanodollars", help_text="In US dollars, as far as it is known."
    )
    cost_is_complete = serializers.BooleanField(
        help_text="False where the cost of a task lacks a part, its price being unknown."
    )
    latency_seconds = QuantilesSerializer(
        allow_null=True,
        help_text="Of completed tasks, from when they could be begun to their end, to "
        "within a tenth; null where there is none.",
    )
    run_seconds = QuantilesSerializer(
        allow_null=True, help_text="The same from when they were begun."
    )


class BucketSerializer(FiguresSerializer):
    start = serializers.DateTimeField()


class AgentFiguresSerializer(FiguresSerializer):
    agent = serializers.IntegerField()
    agent_name = serializers.CharField()


class StatsSerializer(serializers.Serializer[Any]):
    bucket = serializers.ChoiceField(choices=Bucket.choices)
    counted_until = serializers.DateTimeField(
        allow_null=True,
        help_text="When the last task ended that is counted; null where none is yet.",
    )
    total = FiguresSerializer()
    series = BucketSerializer(many=True, help_text="Every hour or day, empty ones too.")
    agents = AgentFiguresSerializer(
        many=True, help_text=f"The {TOP_AGENTS} with most tasks, most first."
    )


class StatsView(APIView):
    request: AuthenticatedRequest

    @extend_schema(
        operation_id="stats",
        summary="Count tasks over time",
        description="How tasks ended by hour or day, how long they took and what they "
        "used, read from sums that are kept beside the tasks. A task is counted about "
        "15 seconds after it has ended. One that is run again leaves the count, and "
        "is counted anew where it ends.",
        parameters=[StatsQuerySerializer],
        responses={
            200: StatsSerializer,
            (400, MEDIA_TYPE): OpenApiResponse(ProblemSerializer, MEANINGS["400"]),
        },
    )
    def get(self, request: Request) -> Response:
        query = StatsQuerySerializer(
            data=request.query_params.dict(), context={"request": request}
        )
        query.is_valid(raise_exception=True)
        asked = Asked(owner=self.request.user, **query.validated_data)
        report = read_report(asked)
        body = {
            "bucket": asked.bucket,
            "counted_until": report.counted_until,
            "total": report.total,
            "series": [
                {"start": start, **_shown(each)} for start, each in report.series
            ],
            "agents": [
                {"agent": agent.pk, "agent_name": agent.name, **_shown(each)}
                for agent, each in report.agents
            ],
        }
        return Response(StatsSerializer(body).data)


def _shown(figures: Figures) -> dict[str, Any]:
    return {name: getattr(figures, name) for name in Figures.__slots__}
