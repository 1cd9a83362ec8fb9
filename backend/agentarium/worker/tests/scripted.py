"""A model that says what a test tells it to, when the test tells it to."""

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
    """Answers `pieces`, after `gate` is opened if it is closed; or fails with `error`.

    The error comes after the pieces, as one in the middle of a stream does.
    """

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
        thinking = (ReasoningPart(self.reasoning),) if self.reasoning else ()
        message = Message("assistant", (*thinking, TextPart("".join(self.pieces))))
        return ModelResponse(message, Usage(7, len(self.pieces)), "scripted-1")


class StumblingModel(ScriptedModel):
    """Breaks off the first time."""

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[ToolDefinition] = (),
        settings: ModelSettings = DEFAULTS,
    ) -> AsyncGenerator[Delta | ModelResponse, None]:
        if not self.calls:
            self.calls.append(list(messages))
            yield TextDelta("Brok")
            raise ProviderError(
                ProviderErrorCode.UNAVAILABLE, "No.", is_transient=True, retry_after=0
            )
        async for piece in super().stream(messages, tools=tools, settings=settings):
            yield piece


class ScriptedModels:
    """Hands out scripted models by name."""

    def __init__(self, **models: ModelClient) -> None:
        self.models = models

    def get(self, model: str) -> ModelClient:
        try:
            return self.models[model]
        except KeyError:
            raise ProviderError(
                ProviderErrorCode.MODEL_UNAVAILABLE, "There is no such model."
            ) from None

    async def aclose(self) -> None:
        pass


class TalkingModel:
    """Says one thing after another: a text, a list of tool calls, or an error."""

    def __init__(self, *turns: str | list[ToolCallPart] | ProviderError) -> None:
        self.turns = list(turns)
        self.calls: list[list[Message]] = []

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[ToolDefinition] = (),
        settings: ModelSettings = DEFAULTS,
    ) -> AsyncGenerator[Delta | ModelResponse, None]:
        self.calls.append(list(messages))
        turn = self.turns.pop(0)
        if isinstance(turn, ProviderError):
            yield TextDelta("Broken")
            raise turn
        if isinstance(turn, str):
            yield TextDelta(turn)
            parts: tuple[Part, ...] = (TextPart(turn),)
        else:
            parts = tuple(turn)
        yield ModelResponse(Message("assistant", parts), Usage(1, 1), "talking-1")


class ScriptedTool:
    """Counts its calls by key, and answers once `gate` is open."""

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
    database: DatabaseThreads, task: AgentTask, kind: str
) -> list[dict[str, Any]]:
    """What events of a kind tell, in order."""
    events = Event.objects.filter(task=task, type=kind).order_by("attempt", "seq")
    return await database.run(lambda: [event.data for event in events])


async def settled(database: DatabaseThreads, task: AgentTask) -> list[dict[str, Any]]:
    """What was told of what a cancelled task had spent, once it is."""
    return await eventually(
        f"task {task.pk} to have its usage settled",
        lambda: events_of(database, task, "usage.recorded"),
    )
