"""The tools that the agent of one task can call."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from django.db import DatabaseError

from agentarium.agents.models import Agent
from agentarium.agents.services import find_agents
from agentarium.core.exceptions import DomainError, ServerBusyError
from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.providers.base import ToolDefinition
from agentarium.runtime.tools.base import Tool, ToolError, ToolSpec
from agentarium.runtime.tools.masking import NO_MASK, SecretMask
from agentarium.runtime.tools.mcp import McpToolInfo
from agentarium.tasks.models import AgentTask, ToolCall
from agentarium.tasks.services import submit_child
from agentarium.tools.guarded_http import GuardedHttp
from agentarium.tools.live_calls import RunningCalls
from agentarium.tools.mcp_reviews import propose_tools
from agentarium.tools.models import McpServer
from agentarium.tools.secret_values import secret_mask
from agentarium.tools.toolset import Toolset, open_tools
from agentarium.worker.leases import ATTEMPT_ANSWER_FRACTION, answer_seconds
from agentarium.worker.writing.event_writer import AttemptLostError

log = structlog.get_logger(__name__)

# How long a stopping worker waits for lists of MCP servers to be stored.
CLOSE_SECONDS = 5.0


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
    """Tools by the name under which the model knows them."""

    tools: Mapping[str, AnyTool] = field(default_factory=dict)
    opened: Toolset | None = None
    # Of the secrets of this task's tools and models.
    mask: SecretMask = NO_MASK

    async def definitions(self) -> Sequence[ToolDefinition]:
        """The tools as providers get them; bringing schemas into form may take long."""
        specs = [tool.spec for tool in self.tools.values()]
        if not specs:
            return []
        return await asyncio.to_thread(lambda: [spec.definition for spec in specs])

    def calls_agent(self, name: str) -> bool:
        """Whether the tool with this name runs another agent."""
        return isinstance(self.tools.get(name), AgentTool)

    async def aclose(self) -> None:
        """Close the connections that calls left open."""
        if self.opened:
            await self.opened.aclose()


class ToolboxFactory:
    """Opens the toolboxes of tasks. All share one guarded HTTP client."""

    def __init__(self) -> None:
        self._http = GuardedHttp()
        limit = answer_seconds(ATTEMPT_ANSWER_FRACTION)
        self._database = DatabaseThreads("tools", answer_seconds=limit)
        # Its own thread, because it may wait for the check of schemas.
        self._listings = DatabaseThreads("listings", answer_seconds=limit)
        self._storing: set[asyncio.Task[None]] = set()
        self._checks = RunningCalls()

    async def open(self, task: AgentTask) -> Toolbox:
        """Load the tools of the task's agent version. Opens no connection yet."""
        entries = task.agent_version.tools
        if not entries:
            return Toolbox(mask=secret_mask())
        opened = await self._database.run(
            open_tools,
            task.owner_id,
            entries,
            http=self._http,
            find_agents=find_agents(task.owner_id),
            on_listed=self._start_storing,
        )
        if opened.missing:
            log.warning("task.tools_missing", task_id=task.pk, tools=opened.missing)
        tools = {
            spec.name: _callable_tool(opened, spec) for spec in opened.specs.values()
        }
        return Toolbox(tools, opened, opened.mask)

    def _start_storing(self, server: McpServer, tools: Sequence[McpToolInfo]) -> None:
        """Store what a server lists, without delaying the call that connected to it."""
        storing = asyncio.create_task(self._store_listing(server, tools))
        self._storing.add(storing)
        storing.add_done_callback(self._storing.discard)

    async def _store_listing(
        self, server: McpServer, tools: Sequence[McpToolInfo]
    ) -> None:
        try:
            await self._listings.run(propose_tools, server, tools, calls=self._checks)
        except (DatabaseError, ServerBusyError):
            # The next task that uses the server tries again.
            log.warning("mcp_server.listing_not_stored", server_id=server.pk)

    async def aclose(self) -> None:
        # The next task that uses a server checks the rest of its list.
        self._checks.stop()
        if self._storing:
            _, late = await asyncio.wait(self._storing, timeout=CLOSE_SECONDS)
            for storing in late:
                storing.cancel()
        await self._http.aclose()
        await asyncio.to_thread(self._database.close)
        await asyncio.to_thread(self._listings.close)


def _callable_tool(opened: Toolset, spec: ToolSpec) -> AnyTool:
    if tool := opened.tools.get(spec.name):
        return tool
    if agent_id := opened.agents.get(spec.name):
        return AgentTool(spec, agent_id)
    return Question(spec)


OpenToolbox = Callable[[AgentTask], Awaitable[Toolbox]]


def start_child(*, task: AgentTask, row: ToolCall, agent_id: int) -> None:
    """Submit a child task, in which another agent of the owner answers a tool call.

    Raises `AttemptLostError`, and `ToolError` if the agent cannot be run.
    """
    agent = Agent.objects.kept().filter(pk=agent_id, owner=task.owner_id).first()
    if agent is None:
        raise ToolError("The agent no longer exists.")
    try:
        holds_task = submit_child(parent=task, agent=agent, call=row)
    except DomainError as error:
        raise ToolError(error.detail) from error
    if not holds_task:
        raise AttemptLostError
