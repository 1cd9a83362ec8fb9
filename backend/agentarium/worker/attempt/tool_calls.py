"""The tool calls of one model response: made concurrently, each stored, each made once.

The status of a call's row (`ToolCall`) and its tool decide what happens:

| row       | then                                                                |
|-----------|---------------------------------------------------------------------|
| none      | call, or wait for a person or another agent if the tool requires it |
| waiting   | keep waiting                                                        |
| approved  | call                                                                |
| started   | a worker died during the call: `read` and `idempotent` are called   |
|           | again (the latter with the same key); a `write` waits for a person  |
| answered  | the answer is the result                                            |
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from django.conf import settings

from agentarium.db import clock
from agentarium.runtime.arguments import plain_arguments
from agentarium.runtime.messages import ToolCallPart, ToolResultPart
from agentarium.runtime.tools.base import (
    OutcomeUnknownError,
    Tool,
    ToolError,
    ToolInvocation,
)
from agentarium.tasks.models import AgentTask, ToolCall
from agentarium.tools.toolset import arguments_schema
from agentarium.worker.attempt.call_limits import refused_calls
from agentarium.worker.attempt.context import ExecutionContext
from agentarium.worker.attempt.record import AttemptRecord
from agentarium.worker.attempt.step_output import storable
from agentarium.worker.attempt.toolbox import (
    AgentTool,
    AnyTool,
    Question,
    Toolbox,
    start_child,
)
from agentarium.worker.database_retry import retry_until_available

log = structlog.get_logger(__name__)

Status = ToolCall.Status
WaitsFor = ToolCall.WaitsFor


class ToolCalls:
    """Makes the tool calls of one attempt.

    Owns the rows of the calls that have no result yet.
    """

    def __init__(
        self,
        task: AgentTask,
        rows: Mapping[str, ToolCall],
        *,
        record: AttemptRecord,
        context: ExecutionContext,
    ) -> None:
        self.toolbox = Toolbox()
        self._task = task
        self._rows = dict(rows)
        self._record = record
        self._context = context
        self._step = 0
        self._refused: Mapping[str, str] = {}

    async def run(
        self,
        calls: Sequence[ToolCallPart],
        *,
        step: int,
        all_calls: Sequence[ToolCallPart],
    ) -> AsyncGenerator[ToolResultPart, None]:
        """Make the calls of the response at position `step` that have no result yet.

        `all_calls` are those of the whole response, which limits their number. Yields results as they arrive, and nothing for a call that has to wait. Closing
        the generator cancels the running calls, which closes their connections.
        """
        self._step = step
        self._refused = refused_calls(all_calls, calls_agent=self.toolbox.calls_agent)
        await self._record.write()
        await self._context.wait_for_lease()
        self._record.begin_step()
        running = [asyncio.create_task(self._handle(call)) for call in calls]
        try:
            for finished in asyncio.as_completed(running):
                if result := await finished:
                    yield result
        finally:
            for call in running:
                call.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def add_result(self, result: ToolResultPart) -> None:
        """Add a result to the record, which takes over the call's row."""
        self._record.add_result(result, self._rows.pop(result.tool_call_id, None))

    async def aclose(self) -> None:
        """Close the connections that calls left open."""
        await self.toolbox.aclose()

    async def _handle(self, part: ToolCallPart) -> ToolResultPart | None:
        row = self._rows.get(part.tool_call_id)
        if row and row.status == Status.WAITING:
            return None
        if row and row.status == Status.ANSWERED:
            return self._result(part, row.answer, is_error=row.is_error)
        tool = self.toolbox.tools.get(part.name)
        try:
            if row is None and (reason := self._refused.get(part.tool_call_id)):
                raise ToolError(reason)
            if tool is None:
                raise ToolError(f"There is no tool {part.name!r}.")
            text = row.arguments if row else part.arguments
            schema = await asyncio.to_thread(arguments_schema, tool.spec)
            arguments = await schema.read(text, owner=self._task.owner_id)
            return await self._call_or_wait(part, tool, arguments, row)
        except ToolError as error:
            return self._result(part, str(error), is_error=True)

    async def _call_or_wait(
        self,
        part: ToolCallPart,
        tool: AnyTool,
        arguments: dict[str, Any],
        row: ToolCall | None,
    ) -> ToolResultPart | None:
        if waits_for := _waits_for(tool, row):
            row = row or self._new_row(part, tool)
            await self._suspend(row, waits_for, tool)
            return None
        assert not isinstance(tool, Question | AgentTool)
        if tool.spec.effect != "read":
            row = row or self._new_row(part, tool)
            row.status = Status.STARTED
            await self._store(row)
        try:
            return await self._invoke(part, tool, arguments)
        except OutcomeUnknownError:
            if row is None or tool.spec.effect != "write":
                raise
            # It is unknown whether the call took effect: a person has to decide.
            await self._suspend(row, WaitsFor.OUTCOME, tool)
            return None

    async def _suspend(self, row: ToolCall, waits_for: str, tool: AnyTool) -> None:
        row.status, row.waits_for = Status.WAITING, waits_for
        if isinstance(tool, AgentTool) and waits_for == WaitsFor.TASK:
            if self._task.depth >= settings.MAX_AGENT_DEPTH:
                raise ToolError(
                    "Agents are nested too deeply. Answer without calling another agent."
                )
            await self._start_child(row, tool.agent_id)
            return
        if settings.APPROVAL_SECONDS:
            row.expires_at = clock.now() + timedelta(seconds=settings.APPROVAL_SECONDS)
        await self._store(row)

    async def _store(self, row: ToolCall) -> None:
        """Commit a call's row before the call is made or waits.

        Raises `AttemptLostError`.
        """
        self._rows[row.tool_call_id] = row
        await self._record.store_call(row)
        await self._context.wait_for_lease()

    async def _start_child(self, row: ToolCall, agent_id: int) -> None:
        """Commit a call's row together with the task that will answer it.

        Raises `AttemptLostError`.
        """
        start = partial(start_child, task=self._task, row=row, agent_id=agent_id)
        await retry_until_available(lambda: self._context.database.run(start))
        # Only log the call. The child may have answered it already, and storing the row
        # again would make it wait once more.
        self._rows[row.tool_call_id] = row
        await self._record.log_call(row)

    async def _invoke(
        self, part: ToolCallPart, tool: Tool, arguments: dict[str, Any]
    ) -> ToolResultPart:
        key = f"agentarium-{self._task.pk}-{self._step}-{part.tool_call_id}"
        call = ToolInvocation(part.tool_call_id, arguments, key, self._task.owner_id)
        try:
            async with asyncio.timeout(tool.spec.timeout):
                return self._result(part, await tool.call(call))
        except TimeoutError:
            detail = f"The tool did not answer within {tool.spec.timeout:g} seconds."
            raise OutcomeUnknownError(detail) from None

    def _result(
        self, part: ToolCallPart, content: str, *, is_error: bool = False
    ) -> ToolResultPart:
        limit = settings.MAX_TOOL_RESULT_CHARS
        content, is_cut = self.toolbox.mask.beginning(content, limit)
        if is_cut:
            content = f"{content}\n[cut off after {limit:,} characters]"
        return ToolResultPart(part.tool_call_id, part.name, content, is_error)

    def _new_row(self, part: ToolCallPart, tool: AnyTool) -> ToolCall:
        return ToolCall(
            task=self._task,
            step=self._step,
            tool_call_id=part.tool_call_id,
            name=part.name,
            effect=tool.spec.effect,
            # Where a person may change them, they are a plain object.
            arguments=storable(plain_arguments(part.arguments)),
            created_at=clock.now(),
        )


def _waits_for(tool: AnyTool, row: ToolCall | None) -> WaitsFor | None:
    if isinstance(tool, Question) and row is None:
        return WaitsFor.ANSWER
    if tool.spec.needs_approval and row is None:
        return WaitsFor.APPROVAL
    if isinstance(tool, AgentTool):
        return WaitsFor.TASK
    if row is None:
        return None
    outcome_is_unknown = row.status == Status.STARTED and tool.spec.effect == "write"
    return WaitsFor.OUTCOME if outcome_is_unknown else None
