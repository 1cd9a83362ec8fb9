"""Models and tools whose behaviour a test scripts."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.messages import (
    Message,
    ModelResponse,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    Usage,
)
from agentarium.runtime.providers.base import (
    Delta,
    ModelClient,
    ModelSettings,
    ProviderError,
    ProviderErrorCode,
    ReasoningDelta,
    TextDelta,
    ToolDefinition,
)
from agentarium.runtime.tools.base import Effect, ToolError, ToolInvocation, ToolSpec
from agentarium.tasks.models import AgentTask, Event
from agentarium.tests.eventually import eventually

DEFAULTS = ModelSettings()


class ScriptedModel:
    """Streams `pieces`, waits for `gate`, and then responds or fails with `error`."""

    def __init__(
        self,
        *pieces: str,
        reasoning: str = "",
        error: Exception | None = None,
        gate: asyncio.Event | None = None,
    ) -> None:
        self.pieces = pieces
        self.reasoning = reasoning
        self.error = error
        self.gate = gate
        self.calls: list[list[Message]] = []
        self.settings: ModelSettings | None = None
        self.open_streams = 0

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[ToolDefinition] = (),
        settings: ModelSettings = DEFAULTS,
    ) -> AsyncGenerator[Delta | ModelResponse, None]:
        self.calls.append(list(messages))
        self.settings = settings
        self.open_streams += 1
        try:
            if self.reasoning:
                yield ReasoningDelta(self.reasoning)
            for piece in self.pieces:
                yield TextDelta(piece)
                await asyncio.sleep(0)
            if self.gate:
                await self.gate.wait()
            if self.error:
                raise self.error
            yield self._response()
        finally:
            self.open_streams -= 1

    def _response(self) -> ModelResponse:
        reasoning = (ReasoningPart(self.reasoning),) if self.reasoning else ()
        message = Message("assistant", (*reasoning, TextPart("".join(self.pieces))))
        return ModelResponse(message, Usage(7, len(self.pieces)), "scripted-1")


class FlakyModel(ScriptedModel):
    """Fails in the middle of the first response, then works."""

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[ToolDefinition] = (),
        settings: ModelSettings = DEFAULTS,
    ) -> AsyncGenerator[Delta | ModelResponse, None]:
        if not self.calls:
            self.calls.append(list(messages))
            yield TextDelta("Half")
            raise ProviderError(
                ProviderErrorCode.UNAVAILABLE, "No.", is_transient=True, retry_after=0
            )
        async for piece in super().stream(messages, tools=tools, settings=settings):
            yield piece


class ScriptedModels:
    """Returns scripted models by name."""

    def __init__(self, **models: ModelClient) -> None:
        self.models = models

    def get(self, model: str) -> ModelClient:
        try:
            return self.models[model]
        except KeyError:
            raise ProviderError(
                ProviderErrorCode.MODEL_UNAVAILABLE, "Unknown model."
            ) from None

    async def aclose(self) -> None:
        pass


class SequenceModel:
    """Gives one response per call: a text, a list of tool calls, or an error.

    A transient error comes in the middle of a response.
    """

    def __init__(self, *responses: str | list[ToolCallPart] | ProviderError) -> None:
        self.responses = list(responses)
        self.calls: list[list[Message]] = []

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[ToolDefinition] = (),
        settings: ModelSettings = DEFAULTS,
    ) -> AsyncGenerator[Delta | ModelResponse, None]:
        self.calls.append(list(messages))
        response = self.responses.pop(0)
        if isinstance(response, ProviderError):
            if response.is_transient:
                yield TextDelta("Broken")
            raise response
        if isinstance(response, str):
            yield TextDelta(response)
            parts: tuple[Part, ...] = (TextPart(response),)
        else:
            parts = tuple(response)
        yield ModelResponse(Message("assistant", parts), Usage(1, 1), "sequence-1")


class ScriptedTool:
    """Records its calls, waits for `gate`, and then answers or fails with `error`."""

    def __init__(
        self,
        name: str = "do",
        *,
        effect: Effect = "write",
        needs_approval: bool = False,
        gate: asyncio.Event | None = None,
        error: ToolError | None = None,
        timeout: float = 30,
    ) -> None:
        self.spec = ToolSpec(
            name,
            "Does it.",
            {"type": "object", "properties": {"what": {"type": "string"}}},
            effect=effect,
            needs_approval=needs_approval,
            timeout=timeout,
        )
        self.gate = gate
        self.error = error
        self.calls: list[ToolInvocation] = []
        self.open_calls = 0

    async def call(self, call: ToolInvocation) -> str:
        self.calls.append(call)
        self.open_calls += 1
        try:
            if self.gate:
                await self.gate.wait()
            if self.error:
                raise self.error
            return f"Done: {call.arguments.get('what', 'it')}"
        finally:
            self.open_calls -= 1


def call_of(name: str = "do", number: int = 1, arguments: str = "{}") -> ToolCallPart:
    return ToolCallPart(f"call-{number}", name, arguments)


async def events_of(
    database: DatabaseThreads, task: AgentTask, event_type: str
) -> list[dict[str, Any]]:
    """The data of a task's events of one type, in order."""
    events = Event.objects.filter(task=task, type=event_type).order_by("attempt", "seq")
    return await database.run(lambda: [event.data for event in events])


async def late_usage_of(
    database: DatabaseThreads, task: AgentTask
) -> list[dict[str, Any]]:
    """The data of the event about a cancelled task's late usage, once it is stored."""
    return await eventually(
        f"task {task.pk} to have its late usage recorded",
        lambda: events_of(database, task, "usage.recorded"),
    )
