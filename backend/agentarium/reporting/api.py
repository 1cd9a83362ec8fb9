"""`GET /api/stats/`: statistics of the caller's ended tasks over time."""

from datetime import UTC, datetime, timedelta
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agentarium.accounts.api.requests import AuthenticatedRequest
from agentarium.agents.models import Agent
from agentarium.db import clock
from agentarium.http.fields import DollarsField, VisibleRelatedField
from agentarium.http.problems import MEDIA_TYPE
from agentarium.http.schema import PROBLEM_DESCRIPTIONS, ProblemSerializer
from agentarium.reporting.statistics import (
    STEP,
    TOP_AGENTS,
    Figures,
    StatsQuery,
    read_report,
)
from agentarium.tasks.models import Bucket

MAX_BUCKETS = 400
# The length of the period without `since`, in addition to the last bucket.
DEFAULT_PERIOD = {Bucket.HOUR: timedelta(hours=23), Bucket.DAY: timedelta(days=29)}


class StatsQuerySerializer(serializers.Serializer[Any]):
    bucket = serializers.ChoiceField(
        choices=Bucket.choices, default=Bucket.DAY, help_text="Days are UTC days."
    )
    since = serializers.DateTimeField(
        required=False,
        help_text="A time in the first hour or day. By default, the period is 24 hours "
        "or 30 days.",
    )
    until = serializers.DateTimeField(
        required=False, help_text="A time in the last hour or day; by default now."
    )
    agent = VisibleRelatedField(
        queryset=Agent.objects.all(),
        required=False,
        help_text="Only the tasks of this agent.",
        error_messages={"does_not_exist": "This agent does not exist."},
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Fill in defaults; the period ends now at the latest."""
        bucket, now = Bucket(attrs["bucket"]), clock.now()
        until = min(attrs.get("until", now), now)
        since = attrs.get("since") or _default_since(until, bucket)
        if since > until:
            raise serializers.ValidationError(
                {"since": "The period ends before this time."}, "invalid"
            )
        if until - since > (MAX_BUCKETS - 1) * STEP[bucket]:
            detail = (
                f"The period is too long. It may have at most {MAX_BUCKETS} {bucket}s."
            )
            raise serializers.ValidationError({"since": detail}, "too_many")
        return {
            "bucket": bucket,
            "since": since,
            "until": until,
            "agent": attrs.get("agent"),
        }


def _default_since(until: datetime, bucket: Bucket) -> datetime:
    earliest = datetime.min.replace(tzinfo=UTC)
    return max(until, earliest + DEFAULT_PERIOD[bucket]) - DEFAULT_PERIOD[bucket]


class QuantilesSerializer(serializers.Serializer[Any]):
    p50 = serializers.FloatField()
    p95 = serializers.FloatField()


class FiguresSerializer(serializers.Serializer[Figures]):
    """Numbers of tasks by how they ended; a task counts once, at its last end."""

    completed = serializers.IntegerField()
    failed = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cost = DollarsField(
        source="cost_nanodollars",
        help_text="In US dollars, without model calls of unknown cost.",
    )
    cost_is_complete = serializers.BooleanField(
        help_text="False if the price or the usage of a model call is unknown."
    )
    usage_is_estimated = serializers.BooleanField(
        help_text="True if the tokens of a model call, and so its cost, were estimated."
    )
    latency_seconds = QuantilesSerializer(
        allow_null=True,
        help_text="Time of completed tasks from their submission, or from `run_after`, to "
        "their end, with an error of at most 10 %; null if no task was completed.",
    )
    run_seconds = QuantilesSerializer(
        allow_null=True, help_text="The same, from the start of the first attempt."
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
        help_text="Tasks that ended up to this time are counted; null if none are yet.",
    )
    total = FiguresSerializer()
    series = BucketSerializer(
        many=True, help_text="Every hour or day of the period, including empty ones."
    )
    agents = AgentFiguresSerializer(
        many=True,
        help_text=f"The {TOP_AGENTS} agents with the most ended tasks, in that order.",
    )


class StatsView(APIView):
    request: AuthenticatedRequest

    @extend_schema(
        operation_id="stats",
        summary="Show statistics",
        description="Numbers of ended tasks per hour or day, their durations and usage. "
        "A task is counted about 15 seconds after its end. A retried task is not "
        "counted until it ends again.",
        parameters=[StatsQuerySerializer],
        responses={
            200: StatsSerializer,
            (400, MEDIA_TYPE): OpenApiResponse(
                ProblemSerializer, PROBLEM_DESCRIPTIONS["400"]
            ),
        },
    )
    def get(self, request: Request) -> Response:
        serializer = StatsQuerySerializer(
            data=request.query_params.dict(), context={"request": request}
        )
        serializer.is_valid(raise_exception=True)
        query = StatsQuery(owner=self.request.user, **serializer.validated_data)
        report = read_report(query)
        body = {
            "bucket": query.bucket,
            "counted_until": report.counted_until,
            "total": report.total,
            "series": [
                {"start": start, **_as_dict(figures)}
                for start, figures in report.series
            ],
            "agents": [
                {"agent": agent.pk, "agent_name": agent.name, **_as_dict(figures)}
                for agent, figures in report.agents
            ],
        }
        return Response(StatsSerializer(body).data)


def _as_dict(figures: Figures) -> dict[str, Any]:
    return {name: getattr(figures, name) for name in Figures.__slots__}
