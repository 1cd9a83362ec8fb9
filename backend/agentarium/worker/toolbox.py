"""What the agent of one task can call."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentarium.agents.models import Agent
from agentarium.core.exceptions import DomainError
from agentarium.runtime.providers.base import ToolDefinition
from agentarium.runtime.tools.base import Tool, ToolError, ToolSpec
from agentarium.tasks.models import AgentTask, ToolCall
from agentarium.tasks.services import submit_child
from agentarium.worker.journal import AttemptLostError


@dataclass(frozen=True, slots=True)
class Question:
    """A tool that a person answers."""

    spec: ToolSpec


@dataclass(frozen=True, slots=True)
class AgentTool:
    """A tool that another agent of the same owner answers, as a task of its own."""

    spec: ToolSpec
    agent_id: int


AnyTool = Tool | Question | AgentTool


@dataclass(frozen=True, slots=True)
class Toolbox:
    """Tools by the name that the model knows them by."""

    tools: Mapping[str, AnyTool] = field(default_factory=dict)

    @property
    def definitions(self) -> Sequence[ToolDefinition]:
        return [tool.spec.definition for tool in self.tools.values()]

    async def aclose(self) -> None:
        for tool in self.tools.values():
            close: Any = getattr(tool, "aclose", None)
            if close:
                await close()


OpenToolbox = Callable[[AgentTask], Awaitable[Toolbox]]


def start_child(*, task: AgentTask, row: ToolCall, agent_id: int) -> None:
    """Have another agent of the owner answer a call, as a task of its own.

    Raises `AttemptLostError`, and `ToolError` where the agent cannot be run.
    """
    agent = Agent.objects.kept().filter(pk=agent_id, owner=task.owner_id).first()
    if agent is None:
        raise ToolError("That agent is gone.")
    try:
        is_ours = submit_child(parent=task, agent=agent, call=row)
    except DomainError as error:
        raise ToolError(error.detail) from error
    if not is_ours:
        raise AttemptLostError
