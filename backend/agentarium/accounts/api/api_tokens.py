"""API tokens: users create and revoke them, other tokens cannot."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from agentarium.accounts.api.permissions import NoTokenWrites, TokenHasScope
from agentarium.accounts.api.requests import AuthenticatedRequest
from agentarium.accounts.api.serializers import (
    ApiTokenCreatedSerializer,
    ApiTokenNameSerializer,
    ApiTokenSerializer,
)
from agentarium.accounts.models import ApiToken
from agentarium.accounts.services import create_api_token, revoke_api_token
from agentarium.http.permissions import IsOwner


class ApiTokenViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[ApiToken],
):
    request: AuthenticatedRequest
    queryset = ApiToken.objects.none()
    serializer_class = ApiTokenSerializer
    permission_classes = [IsAuthenticated, NoTokenWrites, TokenHasScope, IsOwner]
    ordering_fields = ["created_at", "name", "last_used_at", "expires_at"]
    ordering = ["-created_at", "-id"]
    search_fields = ["name", "prefix"]

    def get_queryset(self) -> QuerySet[ApiToken]:
        return ApiToken.objects.visible_to(self.request.user)

    @extend_schema(
        request=ApiTokenSerializer, responses={201: ApiTokenCreatedSerializer}
    )
    def create(self, request: Request) -> Response:
        """Create a token. Only this response contains it: it cannot be read again."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        token, secret = create_api_token(
            owner=self.request.user, **serializer.validated_data
        )
        data = {**self.get_serializer(token).data, "token": secret}
        return Response(data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ApiTokenNameSerializer, responses=ApiTokenSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Rename the token."""
        token = self.get_object()
        serializer = ApiTokenNameSerializer(token, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        return Response(self.get_serializer(serializer.save()).data)

    def perform_destroy(self, instance: ApiToken) -> None:
        """Revoke the token. The row stays as a record, but is not listed."""
        revoke_api_token(instance)
