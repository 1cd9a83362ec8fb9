"""The API of MCP servers, and of the changes of their tools."""

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
from agentarium.tools.api.filters import McpServerFilter
from agentarium.tools.api.mcp_serializers import (
    ChangesDecisionSerializer,
    McpServerRowSerializer,
    McpServerSerializer,
    McpToolDecisionSerializer,
    ToolChangesSerializer,
)
from agentarium.tools.api.secrets import with_secrets
from agentarium.tools.api.serializers import ProtectionChangeSerializer
from agentarium.tools.listed_mcp_tools import tools_by_server
from agentarium.tools.mcp_reviews import accept_changes, dismiss_changes
from agentarium.tools.models import McpServer
from agentarium.tools.protection.record import Subject, changes_of
from agentarium.tools.services import (
    create_mcp_server,
    delete_definition,
    refresh_mcp_server,
    update_mcp_server,
)


@extend_schema_view(
    list=extend_schema(
        summary="List your MCP servers", responses=McpServerRowSerializer(many=True)
    ),
    create=extend_schema(
        summary="Register an MCP server",
        description="Its tools are not loaded yet: `refresh` does that.",
    ),
    retrieve=extend_schema(summary="Get an MCP server"),
    update=extend_schema(summary="Replace an MCP server's fields"),
    partial_update=extend_schema(summary="Change an MCP server"),
    destroy=extend_schema(
        summary="Delete an MCP server",
        description="Agents that use its tools run without them from now on.",
    ),
)
@takes_large_body
class McpServerViewSet(viewsets.ModelViewSet[McpServer]):
    request: AuthenticatedRequest
    queryset = McpServer.objects.none()
    serializer_class: Any = McpServerSerializer
    filterset_class = McpServerFilter
    search_fields = ["name", "description", "url"]
    ordering_fields = ["created_at", "updated_at", "name"]
    ordering = ["-created_at", "-id"]

    def get_queryset(self) -> QuerySet[McpServer]:
        servers = McpServer.objects.visible_to(self.request.user)
        return servers.select_related("accepted_by")

    def list(self, request: Request) -> Response:
        # The schemas of a hundred servers' tools do not fit into memory.
        servers = self.filter_queryset(self.get_queryset())
        page: Any = self.paginate_queryset(servers.defer("tools", "proposed_tools"))
        tools = tools_by_server([server.pk for server in page])
        rows = McpServerRowSerializer(page, many=True, context={"tools": tools})
        return self.get_paginated_response(rows.data)

    def perform_create(self, serializer: Any) -> None:
        serializer.instance = create_mcp_server(
            owner=self.request.user, **with_secrets(serializer.validated_data)
        )

    def perform_update(self, serializer: Any) -> None:
        serializer.instance = update_mcp_server(
            serializer.instance,
            by=actor_of(self.request),
            **with_secrets(serializer.validated_data),
        )

    def perform_destroy(self, instance: McpServer) -> None:
        delete_definition(instance, by=actor_of(self.request))

    @extend_schema(
        operation_id="mcp_servers_refresh",
        summary="Refresh the tools of an MCP server",
        description="Loads the list of tools from the server. The first list is "
        "accepted; after that, changes wait until you accept them. Returns 409 if the "
        "server cannot be used.",
        request=None,
        responses=McpServerSerializer,
    )
    @action(detail=True, methods=["post"])
    def refresh(self, request: AuthenticatedRequest, pk: str) -> Response:
        server = refresh_mcp_server(self.get_object(), by=actor_of(request))
        return Response(self.get_serializer(server).data)

    @extend_schema(
        operation_id="mcp_servers_changes",
        summary="Show how the tools of an MCP server have changed",
        description="The differences between the accepted tools, which agents use, and "
        "those that the server listed last. Names, descriptions and schemas are text of "
        "the server: show them as text, with invisible characters made visible.",
        responses=ToolChangesSerializer,
    )
    @action(detail=True)
    def changes(self, request: Request, pk: str) -> Response:
        server = self.get_object()
        shown = {
            "proposal": server.proposal,
            "fetched_at": server.fetched_at,
            "changes": server.find_changes(),
        }
        return Response(ToolChangesSerializer(shown).data)

    @extend_schema(
        operation_id="mcp_servers_accept",
        summary="Accept changed tools of an MCP server",
        description="Agents use the changed tools from their next attempt on. Returns "
        "409 `proposal_changed` if the tools have changed again since they were shown.",
        request=ChangesDecisionSerializer,
        responses=McpServerSerializer,
    )
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        return self._decide(accept_changes)

    @extend_schema(
        operation_id="mcp_servers_dismiss",
        summary="Dismiss changed tools of an MCP server",
        description="Agents keep the accepted tools. A dismissed change is no longer "
        "announced, until the server changes the tool again; it can still be accepted "
        "by its name. Returns 409 `proposal_changed` like `accept`.",
        request=ChangesDecisionSerializer,
        responses=McpServerSerializer,
    )
    @action(detail=True, methods=["post"])
    def dismiss(self, request: Request, pk: str) -> Response:
        return self._decide(dismiss_changes)

    @extend_schema(
        operation_id="mcp_servers_decisions",
        summary="List who accepted or dismissed changes, and when",
        description="Newest first. The last 200 are kept.",
        responses=McpToolDecisionSerializer(many=True),
        filters=False,
    )
    @action(detail=True, serializer_class=McpToolDecisionSerializer)
    def decisions(self, request: Request, pk: str) -> Response:
        decisions: Any = self.get_object().decisions.select_related("user")
        page: Any = self.paginate_queryset(decisions)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="mcp_servers_protection_changes",
        summary="List the changes that lowered an MCP server's protection",
        description="Who let the calls of its tools go to another address, newest first.",
        responses=ProtectionChangeSerializer(many=True),
        filters=False,
    )
    @action(
        detail=True,
        url_path="protection-changes",
        serializer_class=ProtectionChangeSerializer,
    )
    def protection_changes(self, request: Request, pk: str) -> Response:
        server = self.get_object()
        changes: Any = changes_of(self.request.user, Subject.MCP_SERVER, server.pk)
        page: Any = self.paginate_queryset(changes)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def _decide(self, decide: Any) -> Response:
        server = self.get_object()
        decision = ChangesDecisionSerializer(data=self.request.data)
        decision.is_valid(raise_exception=True)
        server = decide(
            server,
            proposal=decision.validated_data["proposal"],
            names=decision.validated_data.get("tools"),
            by=actor_of(self.request),
        )
        return Response(self.get_serializer(server).data)
