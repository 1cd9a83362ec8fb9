"""The API of agents, without their tasks. `task_api/agents.py` adds these and routes it."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from agentarium.accounts.api.actors import actor_of
from agentarium.accounts.api.requests import AuthenticatedRequest
from agentarium.agents.api.filters import AgentFilter
from agentarium.agents.api.serializers import (
    AgentSerializer,
    AgentVersionSerializer,
    ListedToolSerializer,
    RollbackSerializer,
)
from agentarium.agents.models import Agent
from agentarium.agents.services import (
    add_changes,
    create_agent,
    duplicate_agent,
    listed_tools_of,
    restore_agent,
    roll_back_agent,
    update_agent,
)
from agentarium.http.body_limits import takes_large_body

# A deleted agent can be read, because its tasks refer to it, and restored.
ACTIONS_ON_DELETED = frozenset({"retrieve", "restore"})


@extend_schema_view(
    list=extend_schema(summary="List agents"),
    create=extend_schema(summary="Create an agent"),
    retrieve=extend_schema(
        summary="Get an agent",
        description="Also returns deleted agents, because their tasks refer to them.",
    ),
    update=extend_schema(summary="Replace an agent's fields"),
    partial_update=extend_schema(
        summary="Change an agent",
        description="A change of instructions, models, settings, limits or tools creates "
        "the agent's next version.",
    ),
)
@takes_large_body
class BaseAgentViewSet(
    mixins.ListModelMixin,
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    viewsets.GenericViewSet[Agent],
):
    request: AuthenticatedRequest
    queryset = Agent.objects.none()
    serializer_class: Any = AgentSerializer
    filterset_class = AgentFilter
    search_fields = ["name", "description"]
    ordering_fields = ["created_at", "updated_at", "name", "tasks_count"]
    ordering = ["-created_at", "-id"]

    def get_queryset(self) -> QuerySet[Agent]:
        agents = Agent.objects.visible_to(self.request.user)
        # Lists with `is_deleted` are filtered by `AgentFilter`.
        is_filtered = "is_deleted" in self.request.query_params
        if self.action in ACTIONS_ON_DELETED or (self.action == "list" and is_filtered):
            return agents
        return agents.kept()

    def perform_create(self, serializer: Any) -> None:
        serializer.instance = create_agent(
            owner=self.request.user,
            by=actor_of(self.request),
            **serializer.validated_data,
        )

    def perform_update(self, serializer: Any) -> None:
        serializer.instance = update_agent(
            serializer.instance, by=actor_of(self.request), **serializer.validated_data
        )

    def get_success_headers(self, data: Any) -> dict[str, str]:
        return {"Location": reverse("agent-detail", args=[data["id"]])}

    @extend_schema(
        operation_id="agents_versions",
        summary="List an agent's versions",
        description="Newest first. A task refers to the version that it runs.",
        responses=AgentVersionSerializer(many=True),
        filters=False,
    )
    @action(detail=True, serializer_class=AgentVersionSerializer)
    def versions(self, request: Request, pk: str) -> Response:
        agent = self.get_object()
        versions: Any = agent.versions.all()
        page: Any = self.paginate_queryset(versions)
        add_changes(self.request.user, agent, page)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="agents_tools",
        summary="List the tools that an agent's tasks get",
        description="Each tool with its name for the model, its effect, and whether "
        "a person is asked before each call, now and for new tasks. Tools that no longer "
        "exist are left out.",
        responses=ListedToolSerializer(many=True),
        filters=False,
    )
    @action(detail=True, pagination_class=None)
    def tools(self, request: Request, pk: str) -> Response:
        tools = listed_tools_of(self.get_object())
        return Response(ListedToolSerializer(tools, many=True).data)

    @extend_schema(
        operation_id="agents_rollback",
        summary="Roll back to an earlier version",
        description="Creates the next version, with the definition of the earlier one.",
        request=RollbackSerializer,
    )
    @action(detail=True, methods=["post"])
    def rollback(self, request: Request, pk: str) -> Response:
        agent = self.get_object()
        rollback = RollbackSerializer(data=request.data)
        rollback.is_valid(raise_exception=True)
        number = rollback.validated_data["version"]
        version = agent.versions.filter(number=number).first()
        if version is None:
            missing = ErrorDetail("The agent has no such version.", "does_not_exist")
            raise ValidationError({"version": [missing]})
        agent = roll_back_agent(agent, version, by=actor_of(self.request))
        return Response(self.get_serializer(agent).data)

    @extend_schema(
        operation_id="agents_restore",
        summary="Restore a deleted agent",
        description="With all of its tasks and versions. An agent that is not deleted "
        "does not change.",
        request=None,
    )
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str) -> Response:
        return Response(self.get_serializer(restore_agent(self.get_object())).data)

    @extend_schema(
        operation_id="agents_duplicate",
        summary="Duplicate an agent",
        description="Creates an agent with the same definition, without tasks and "
        "earlier versions.",
        request=None,
    )
    @action(detail=True, methods=["post"])
    def duplicate(self, request: Request, pk: str) -> Response:
        copy = duplicate_agent(self.get_object(), by=actor_of(self.request))
        data = self.get_serializer(copy).data
        return Response(
            data, status=status.HTTP_201_CREATED, headers=self.get_success_headers(data)
        )
