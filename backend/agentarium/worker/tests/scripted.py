"""A model that says what a test tells it to, when the test tells it to."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from agentarium.runtime.messages import (
    Message,
    ModelResponse,
    ReasoningPart,
    TextPart,
    Usage,
)
from agentarium.runtime.providers.base import (
    Delta,
    ModelSettings,
    ProviderError,
    ReasoningDelta,
    TextDelta,
    ToolDefinition,
)

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


class ScriptedModels:
    """Hands out scripted models by name."""

    def __init__(self, **models: ScriptedModel) -> None:
        self.models = models

    def get(self, model: str) -> ScriptedModel:
        try:
            return self.models[model]
        except KeyError:
            raise ProviderError(
                "model_unavailable", "There is no such model."
            ) from None

    async def aclose(self) -> None:
        pass
