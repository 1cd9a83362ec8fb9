"""The API of HTTP tools. MCP servers: `mcp_views.py`; the catalogue: `catalogue.py`."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from agentarium.accounts.api.actors import actor_of
from agentarium.accounts.api.requests import AuthenticatedRequest
from agentarium.http.body_limits import takes_large_body
from agentarium.tools.api.secrets import with_secrets
from agentarium.tools.api.serializers import (
    HttpToolSerializer,
    ProtectionChangeSerializer,
    TrialRequestSerializer,
    TrialSerializer,
)
from agentarium.tools.models import HttpTool
from agentarium.tools.protection.record import Subject, changes_of
from agentarium.tools.services import (
    create_http_tool,
    delete_definition,
    try_http_tool,
    update_http_tool,
)


@extend_schema_view(
    list=extend_schema(summary="List your HTTP tools"),
    create=extend_schema(summary="Declare an HTTP tool"),
    retrieve=extend_schema(summary="Get an HTTP tool"),
    update=extend_schema(summary="Replace an HTTP tool's fields"),
    partial_update=extend_schema(summary="Change an HTTP tool"),
    destroy=extend_schema(
        summary="Delete an HTTP tool",
        description="Agents that use it run without it from now on.",
    ),
)
@takes_large_body
class HttpToolViewSet(viewsets.ModelViewSet[HttpTool]):
    request: AuthenticatedRequest
    queryset = HttpTool.objects.none()
    serializer_class: Any = HttpToolSerializer
    search_fields = ["name", "description", "url_template"]
    ordering_fields = ["created_at", "updated_at", "name"]
    ordering = ["-created_at", "-id"]
    # A call with all its effects, which no one else approves.
    scope_by_action = {"test": "approve"}

    def get_queryset(self) -> QuerySet[HttpTool]:
        return HttpTool.objects.visible_to(self.request.user)

    def perform_create(self, serializer: Any) -> None:
        serializer.instance = create_http_tool(
            owner=self.request.user,
            by=actor_of(self.request),
            **with_secrets(serializer.validated_data),
        )

    def perform_update(self, serializer: Any) -> None:
        serializer.instance = update_http_tool(
            serializer.instance,
            by=actor_of(self.request),
            **with_secrets(serializer.validated_data),
        )

    def perform_destroy(self, instance: HttpTool) -> None:
        delete_definition(instance, by=actor_of(self.request))

    @extend_schema(
        operation_id="http_tools_changes",
        summary="List the changes that lowered an HTTP tool's protection",
        description="Newest first: who switched off that it asks, lowered its effect, or "
        "changed its method, address or parameters. Also who renamed it, and in what it "
        "is less protected than the last tool of its name.",
        responses=ProtectionChangeSerializer(many=True),
        filters=False,
    )
    @action(detail=True, serializer_class=ProtectionChangeSerializer)
    def changes(self, request: Request, pk: str) -> Response:
        changes = changes_of(self.request.user, Subject.HTTP_TOOL, self.get_object().pk)
        page: Any = self.paginate_queryset(changes)  # type: ignore[arg-type]
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="http_tools_test",
        summary="Test an HTTP tool",
        description="Calls the tool with its secrets and all its effects, for at most "
        "20 seconds. A token needs the scope `approve`: no one else approves the call. A failed call is a result as well, with `is_error`.",
        request=TrialRequestSerializer,
        responses=TrialSerializer,
    )
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        tool = self.get_object()
        trial_request = TrialRequestSerializer(data=request.data)
        trial_request.is_valid(raise_exception=True)
        trial = try_http_tool(tool, trial_request.validated_data["arguments"])
        return Response(TrialSerializer(trial).data)
