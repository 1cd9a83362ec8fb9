"""What agents owe to tasks: their newest ones in lists, and stopping when deleted.

The routes of agents stand here, because the app of agents knows nothing of tasks.
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

from agentarium.agents.api import views
from agentarium.agents.api.serializers import AgentSerializer
from agentarium.agents.models import Agent
from agentarium.http.representation import represent
from agentarium.inbox.recent_tasks import recent_tasks
from agentarium.inbox.task_rows import shown_input
from agentarium.tasks.models import AgentTask
from agentarium.tasks.models.task import SHOWN_INPUT_CHARS
from agentarium.tasks.services import delete_agent


class RecentTaskSerializer(serializers.ModelSerializer[AgentTask]):
    input_text = serializers.SerializerMethodField(
        help_text=f"Its first {SHOWN_INPUT_CHARS} characters."
    )
    input_is_truncated = serializers.SerializerMethodField(
        help_text="Whether the input goes on; the task itself has all of it."
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
        help_text="The five newest, newest first."
    )

    class Meta(AgentSerializer.Meta):
        fields = [*AgentSerializer.Meta.fields, "recent_tasks"]

    @extend_schema_field(RecentTaskSerializer(many=True))
    def get_recent_tasks(self, agent: Agent) -> list[dict[str, Any]]:
        """One query; lists read those of all their agents by `agent_rows`."""
        if not agent.tasks_count:
            return []
        return _shown(recent_tasks(agent.owner_id, [agent.pk]).get(agent.pk, ()))


def _shown(tasks: Iterable[AgentTask]) -> list[dict[str, Any]]:
    return [represent(RecentTaskSerializer, task) for task in tasks]


def agent_rows(
    agents: Sequence[Agent], recent: Mapping[int, Sequence[AgentTask]]
) -> list[dict[str, Any]]:
    """Agents with their `recent_tasks`, as `AgentWithTasksSerializer` shows one."""
    return [
        {
            **represent(AgentSerializer, agent),
            "recent_tasks": _shown(recent.get(agent.pk, ())),
        }
        for agent in agents
    ]


@extend_schema_view(
    duplicate=extend_schema(responses={201: AgentWithTasksSerializer}),
    destroy=extend_schema(
        summary="Delete an agent",
        description="It is hidden, its pending tasks are cancelled, and its history "
        "stays. `restore` brings it back.",
    ),
)
class AgentViewSet(mixins.DestroyModelMixin, views.AgentViewSet):
    serializer_class = AgentWithTasksSerializer

    def list(self, request: Request) -> Response:
        agents = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        assert agents is not None
        recent = recent_tasks(self.request.user.pk, [agent.pk for agent in agents])
        return self.get_paginated_response(agent_rows(agents, recent))

    def perform_destroy(self, instance: Agent) -> None:
        delete_agent(instance)
