"""What can be called: providers and their models."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agentarium.providers.api.serializers import (
    ModelFilterSerializer,
    ModelSerializer,
    ProviderSerializer,
)
from agentarium.providers.services import model_states, provider_states


class ProviderListView(APIView):
    @extend_schema(
        operation_id="providers_list",
        summary="List the providers of models",
        description="All that can be called, and what the others need.",
        responses=ProviderSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        return Response([asdict(state) for state in provider_states()])


class ModelListView(APIView):
    @extend_schema(
        operation_id="models_list",
        summary="List models",
        description="What can be called here and now, and why the rest cannot. Servers "
        "are asked for what they have at most once a minute. A name that is not in the "
        "list can be called all the same.",
        parameters=[ModelFilterSerializer],
        responses=ModelSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        query = ModelFilterSerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        states = model_states(**query.validated_data)
        shown: Any = ModelSerializer(states, many=True)  # type: ignore[arg-type]
        return Response(shown.data)
