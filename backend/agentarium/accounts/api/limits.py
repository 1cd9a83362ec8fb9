"""The limits of the caller: quotas, and rates."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from agentarium.accounts.api.requests import AuthenticatedRequest
from agentarium.accounts.quotas import Usage, usages


class QuotaSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField(help_text="For people.")  # type: ignore[assignment]
    unit = serializers.ChoiceField(choices=["count", "bytes"])
    used = serializers.IntegerField()
    limit = serializers.IntegerField(
        allow_null=True, help_text="Null if there is none."
    )


class RequestRatesSerializer(serializers.Serializer[Any]):
    user = serializers.CharField(
        help_text="All requests of the user and their tokens, such as 1200/min."
    )
    token = serializers.CharField(help_text="The highest rate of one API token.")


class LimitsSerializer(serializers.Serializer[Any]):
    quotas = QuotaSerializer(many=True)
    rates = RequestRatesSerializer()


class LimitsView(APIView):
    @extend_schema(
        operation_id="limits_retrieve",
        summary="Get your limits",
        description="What you have and may have of each thing, and how many requests you "
        "may make. `stored_bytes` is an estimate of the disk space of your data.",
        responses=LimitsSerializer,
    )
    def get(self, request: AuthenticatedRequest) -> Response:
        rates = settings.THROTTLE_RATES
        return Response(
            {
                "quotas": [_row(usage) for usage in usages(request.user.pk)],
                "rates": {"user": rates["user"], "token": rates["user_token"]},
            }
        )


def _row(usage: Usage) -> dict[str, Any]:
    """The JSON of `QuotaSerializer`."""
    quota = usage.quota
    return {
        "name": quota.name,
        "label": quota.label,
        "unit": quota.unit,
        "used": usage.used,
        "limit": usage.limit or None,
    }
