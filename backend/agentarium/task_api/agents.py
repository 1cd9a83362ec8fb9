"""The API of agents, with their tasks: the newest ones, and cancelling on deletion.

It is routed from here, because the app `agents` does not know tasks.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from drf_spectacular.utils import (
    extend_schema,
    extend_schema_field,
    extend_schema_serializer,
    extend_schema_view,
)
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agentarium.agents.api.serializers import AgentSerializer
from agentarium.agents.api.views import BaseAgentViewSet
from agentarium.agents.models import Agent
from agentarium.http.representation import represent
from agentarium.inbox.recent_tasks import recent_tasks
from agentarium.inbox.task_rows import shown_input
from agentarium.tasks.models import AgentTask
from agentarium.tasks.models.task import SHOWN_INPUT_CHARS
from agentarium.tasks.services import delete_agent


class RecentTaskSerializer(serializers.ModelSerializer[AgentTask]):
    input_text = serializers.SerializerMethodField(
        help_text=f"The first {SHOWN_INPUT_CHARS} characters of the input."
    )
    input_is_truncated = serializers.SerializerMethodField(
        help_text="Whether the input is longer. The task itself has the whole input."
    )

    class Meta:
        model = AgentTask
        fields = [
            "id",
            "status",
            "created_at",
            "finished_at",
            "input_text",
            "input_is_truncated",
        ]
        read_only_fields = fields

    def get_input_text(self, task: Any) -> str:
        return str(shown_input(task.beginning)["input_text"])

    def get_input_is_truncated(self, task: Any) -> bool:
        return bool(shown_input(task.beginning)["input_is_truncated"])


@extend_schema_serializer(component_name="Agent")
class AgentWithTasksSerializer(AgentSerializer):
    recent_tasks = serializers.SerializerMethodField(
        help_text="The five newest tasks, newest first."
    )

    class Meta(AgentSerializer.Meta):
        fields = [*AgentSerializer.Meta.fields, "recent_tasks"]

    @extend_schema_field(RecentTaskSerializer(many=True))
    def get_recent_tasks(self, agent: Agent) -> list[dict[str, Any]]:
        """One query; lists use `agent_rows`, with one query for all agents."""
        if not agent.tasks_count:
            return []
        return _task_rows(recent_tasks(agent.owner_id, [agent.pk]).get(agent.pk, ()))


def _task_rows(tasks: Iterable[AgentTask]) -> list[dict[str, Any]]:
    return [represent(RecentTaskSerializer, task) for task in tasks]


def agent_rows(
    agents: Sequence[Agent], recent: Mapping[int, Sequence[AgentTask]]
) -> list[dict[str, Any]]:
    """The JSON of `AgentWithTasksSerializer`; `recent` are tasks by agent id."""
    return [
        {
            **represent(AgentSerializer, agent),
            "recent_tasks": _task_rows(recent.get(agent.pk, ())),
        }
        for agent in agents
    ]


@extend_schema_view(
    duplicate=extend_schema(responses={201: AgentWithTasksSerializer}),
    destroy=extend_schema(
        summary="Delete an agent",
        description="Hides the agent and cancels its pending tasks. Its versions and "
        "tasks are kept. `restore` undoes the deletion.",
    ),
)
class AgentViewSet(mixins.DestroyModelMixin, BaseAgentViewSet):
    serializer_class = AgentWithTasksSerializer

    def list(self, request: Request) -> Response:
        agents = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        assert agents is not None
        recent = recent_tasks(self.request.user.pk, [agent.pk for agent in agents])
        return self.get_paginated_response(agent_rows(agents, recent))

    def perform_destroy(self, instance: Agent) -> None:
        delete_agent(instance)
