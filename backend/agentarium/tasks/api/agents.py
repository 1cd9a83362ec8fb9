"""What agents owe to tasks: their newest ones in lists, and stopping when deleted.

The routes of agents stand here, because the app of agents knows nothing of tasks.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from drf_spectacular.utils import (
    extend_schema,
    extend_schema_view,
)
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agentarium.agents.api import views
from agentarium.agents.api.serializers import AgentSerializer
from agentarium.agents.models import Agent
from agentarium.core.represent import represent
from agentarium.tasks.models import AgentTask
from agentarium.tasks.recent import EXCERPT_CHARS, recent_tasks
from agentarium.tasks.rows import excerpt
from agentarium.tasks.services import delete_agent


class RecentTaskSerializer(serializers.ModelSerializer[AgentTask]):
    input_excerpt = serializers.SerializerMethodField(
        help_text=f"The first {EXCERPT_CHARS} characters; … where more follow."
    )

    class Meta:
        model = AgentTask
        fields = ["id", "status", "created_at", "finished_at", "input_excerpt"]
        read_only_fields = fields

    def get_input_excerpt(self, task: Any) -> str:
        return excerpt(task.beginning, EXCERPT_CHARS)


class AgentRowSerializer(AgentSerializer):
    recent_tasks = RecentTaskSerializer(
        many=True, read_only=True, help_text="The five newest, newest first."
    )

    class Meta(AgentSerializer.Meta):
        fields = [*AgentSerializer.Meta.fields, "recent_tasks"]


def agent_rows(
    agents: Sequence[Agent], recent: Mapping[int, Sequence[AgentTask]]
) -> list[dict[str, Any]]:
    """Agents with their `recent_tasks`, as `AgentRowSerializer` describes them."""
    return [
        {
            **represent(AgentSerializer, agent),
            "recent_tasks": [
                represent(RecentTaskSerializer, task)
                for task in recent.get(agent.pk, ())
            ],
        }
        for agent in agents
    ]


@extend_schema_view(
    list=extend_schema(summary="List agents", responses=AgentRowSerializer(many=True)),
    destroy=extend_schema(
        summary="Delete an agent",
        description="It is hidden, its pending tasks are cancelled, and its history "
        "stays. `restore` brings it back.",
    ),
)
class AgentViewSet(mixins.DestroyModelMixin, views.AgentViewSet):
    def list(self, request: Request) -> Response:
        agents = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        assert agents is not None
        recent = recent_tasks(self.request.user, [agent.pk for agent in agents])
        return self.get_paginated_response(agent_rows(agents, recent))

    def perform_destroy(self, instance: Agent) -> None:
        delete_agent(instance)
