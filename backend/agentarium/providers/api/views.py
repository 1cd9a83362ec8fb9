"""The API of providers and models."""

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
        summary="List model providers",
        description="All supported providers, and what is missing to use each one.",
        responses=ProviderSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        return Response([asdict(state) for state in provider_states()])


class ModelListView(APIView):
    @extend_schema(
        operation_id="models_list",
        summary="List models",
        description="The models, and whether each one can be called now. The lists of "
        "the providers are cached for a minute. An agent can also use a model that is "
        "not in the list.",
        parameters=[ModelFilterSerializer],
        responses=ModelSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        query = ModelFilterSerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        states = model_states(**query.validated_data)
        serializer: Any = ModelSerializer(states, many=True)  # type: ignore[arg-type]
        return Response(serializer.data)
