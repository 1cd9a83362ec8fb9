"""The calls of one model response: made in parallel, remembered, and made once.

What a call needs is decided here, by what its row says (`ToolCall`) and by its tool:

| row       | then                                                               |
|-----------|--------------------------------------------------------------------|
| none      | wait for a person, or for another agent, where the tool asks for it |
| waiting   | go on waiting                                                      |
| approved  | call                                                               |
| started   | a worker died during it: `read` and `idempotent` are called again  |
|           | (the latter with the same key); a `write` waits for a person       |
| answered  | that is the result                                                 |
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.utils import timezone

from agentarium.runtime.messages import ToolCallPart, ToolResultPart
from agentarium.runtime.tools.base import OutcomeUnknownError, Tool, ToolError
from agentarium.runtime.tools.base import ToolCall as Call
from agentarium.tasks.models import AgentTask, ToolCall
from agentarium.tools.toolbox import arguments_schema
from agentarium.worker.output import storable
from agentarium.worker.toolbox import AgentTool, AnyTool, Question, Toolbox

log = structlog.get_logger(__name__)

Status = ToolCall.Status
WaitsFor = ToolCall.WaitsFor
Remember = Callable[[ToolCall], Awaitable[None]]
StartChild = Callable[[ToolCall, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Record:
    """How calls are made to last. Each is committed when it returns.

    `remember` stores a call's row; `start_child` stores it together with the task that
    will answer it. Both raise `AttemptLostError`.
    """

    remember: Remember
    start_child: StartChild


class Calls:
    """Makes the calls of one response, as far as they can be made now."""

    def __init__(
        self,
        task: AgentTask,
        *,
        step: int,
        rows: Mapping[str, ToolCall],
        toolbox: Toolbox,
        record: Record,
    ) -> None:
        self._task = task
        self._step = step
        self._rows = rows
        self._toolbox = toolbox
        self._record = record

    async def run(
        self, calls: Sequence[ToolCallPart]
    ) -> AsyncGenerator[ToolResultPart, None]:
        """Yield results as they come; nothing for a call that has to wait.

        Closing it cancels the calls that are under way, and so their connections.
        """
        running = [asyncio.create_task(self._make(call)) for call in calls]
        try:
            for finished in asyncio.as_completed(running):
                if result := await finished:
                    yield result
        finally:
            for call in running:
                call.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _make(self, part: ToolCallPart) -> ToolResultPart | None:
        row = self._rows.get(part.tool_call_id)
        if row and row.status == Status.WAITING:
            return None
        if row and row.status == Status.ANSWERED:
            return _result(part, row.answer, is_error=row.is_error)
        tool = self._toolbox.tools.get(part.name)
        try:
            if tool is None:
                raise ToolError(f"There is no tool {part.name!r}.")
            text = row.arguments if row else part.arguments
            arguments = arguments_schema(tool.spec).read(text)
            return await self._decide(part, tool, arguments, row)
        except ToolError as error:
            return _result(part, str(error), is_error=True)

    async def _decide(
        self,
        part: ToolCallPart,
        tool: AnyTool,
        arguments: dict[str, Any],
        row: ToolCall | None,
    ) -> ToolResultPart | None:
        if wait := _what_to_wait_for(tool, row):
            row = row or self._new_row(part, tool)
            await self._wait(row, wait, tool)
            return None
        assert not isinstance(tool, Question | AgentTool)
        if tool.spec.effect != "read":
            row = row or self._new_row(part, tool)
            row.status = Status.STARTED
            await self._record.remember(row)
        try:
            return await self._call(part, tool, arguments)
        except OutcomeUnknownError:
            if row is None or tool.spec.effect != "write":
                raise
            # Nobody here knows whether it was done: a person has to say.
            await self._wait(row, WaitsFor.OUTCOME, tool)
            return None

    async def _wait(self, row: ToolCall, wait: str, tool: AnyTool) -> None:
        row.status, row.waits_for = Status.WAITING, wait
        if isinstance(tool, AgentTool):
            if self._task.depth >= settings.MAX_AGENT_DEPTH:
                raise ToolError("Agents have called agents too many times over.")
            await self._record.start_child(row, tool.agent_id)
            return
        if settings.APPROVAL_SECONDS:
            row.expires_at = timezone.now() + timedelta(
                seconds=settings.APPROVAL_SECONDS
            )
        await self._record.remember(row)

    async def _call(
        self, part: ToolCallPart, tool: Tool, arguments: dict[str, Any]
    ) -> ToolResultPart:
        key = f"agentarium-{self._task.pk}-{self._step}-{part.tool_call_id}"
        call = Call(part.tool_call_id, arguments, key)
        try:
            async with asyncio.timeout(tool.spec.timeout):
                return _result(part, await tool.call(call))
        except TimeoutError:
            late = f"No answer within {tool.spec.timeout:g} seconds."
            raise OutcomeUnknownError(late) from None

    def _new_row(self, part: ToolCallPart, tool: AnyTool) -> ToolCall:
        return ToolCall(
            task=self._task,
            step=self._step,
            tool_call_id=part.tool_call_id,
            name=part.name,
            effect=tool.spec.effect,
            arguments=storable(part.arguments),
            created_at=timezone.now(),
        )


def _what_to_wait_for(tool: AnyTool, row: ToolCall | None) -> WaitsFor | None:
    if row is None:
        if isinstance(tool, Question):
            return WaitsFor.ANSWER
        if isinstance(tool, AgentTool):
            return WaitsFor.TASK
        return WaitsFor.APPROVAL if tool.spec.needs_approval else None
    is_unknown = row.status == Status.STARTED and tool.spec.effect == "write"
    return WaitsFor.OUTCOME if is_unknown else None


def _result(
    part: ToolCallPart, content: str, *, is_error: bool = False
) -> ToolResultPart:
    limit = settings.MAX_TOOL_RESULT_CHARS
    if len(content) > limit:
        content = f"{content[:limit]}\n[cut off after {limit:,} characters]"
    return ToolResultPart(part.tool_call_id, part.name, content, is_error)
