"""Agents over HTTP. `task_api/agents.py` adds what needs tasks, and routes it."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from agentarium.accounts.api.requests import AuthenticatedRequest
from agentarium.agents.api.filters import AgentFilter
from agentarium.agents.api.serializers import (
    AgentSerializer,
    AgentVersionSerializer,
    RollbackSerializer,
)
from agentarium.agents.models import Agent
from agentarium.agents.services import (
    create_agent,
    duplicate_agent,
    restore_agent,
    roll_back_agent,
    update_agent,
)

# A deleted agent can be looked at, because its tasks point at it, and brought back.
ACTIONS_ON_DELETED = frozenset({"retrieve", "restore"})


@extend_schema_view(
    list=extend_schema(summary="List agents"),
    create=extend_schema(summary="Define an agent"),
    retrieve=extend_schema(
        summary="Get an agent",
        description="Deleted agents too: tasks that ran them go on pointing at them.",
    ),
    update=extend_schema(summary="Replace an agent's fields"),
    partial_update=extend_schema(
        summary="Change an agent",
        description="A change of what decides its answers makes its next version.",
    ),
)
class AgentViewSet(
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
        # A list that asks for the deleted ones has its own filter for them.
        is_asked = "is_deleted" in self.request.query_params
        if self.action in ACTIONS_ON_DELETED or (self.action == "list" and is_asked):
            return agents
        return agents.kept()

    def perform_create(self, serializer: Any) -> None:
        serializer.instance = create_agent(
            owner=self.request.user, **serializer.validated_data
        )

    def perform_update(self, serializer: Any) -> None:
        serializer.instance = update_agent(
            serializer.instance, **serializer.validated_data
        )

    def get_success_headers(self, data: Any) -> dict[str, str]:
        return {"Location": reverse("agent-detail", args=[data["id"]])}

    @extend_schema(
        operation_id="agents_versions",
        summary="List an agent's versions",
        description="Newest first. A task points at the version that it runs.",
        responses=AgentVersionSerializer(many=True),
        filters=False,
    )
    @action(detail=True, serializer_class=AgentVersionSerializer)
    def versions(self, request: Request, pk: str) -> Response:
        versions: Any = self.get_object().versions.all()
        page: Any = self.paginate_queryset(versions)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="agents_rollback",
        summary="Go back to an earlier version",
        description="What that version said becomes the agent's next version.",
        request=RollbackSerializer,
    )
    @action(detail=True, methods=["post"])
    def rollback(self, request: Request, pk: str) -> Response:
        agent = self.get_object()
        wanted = RollbackSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        version = agent.versions.filter(number=wanted.validated_data["version"]).first()
        if version is None:
            missing = ErrorDetail("The agent has no such version.", "does_not_exist")
            raise ValidationError({"version": [missing]})
        return Response(self.get_serializer(roll_back_agent(agent, version)).data)

    @extend_schema(
        operation_id="agents_restore",
        summary="Bring a deleted agent back",
        description="With all of its tasks and versions. One that was not deleted "
        "stays as it is.",
        request=None,
    )
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str) -> Response:
        return Response(self.get_serializer(restore_agent(self.get_object())).data)

    @extend_schema(
        operation_id="agents_duplicate",
        summary="Duplicate an agent",
        description="A new agent of the same definition, without tasks or history.",
        request=None,
    )
    @action(detail=True, methods=["post"])
    def duplicate(self, request: Request, pk: str) -> Response:
        data = self.get_serializer(duplicate_agent(self.get_object())).data
        return Response(
            data, status=status.HTTP_201_CREATED, headers=self.get_success_headers(data)
        )
