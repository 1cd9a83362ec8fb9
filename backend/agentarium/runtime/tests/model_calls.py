"""Asking a model and looking at what came back."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

import pytest

from agentarium.runtime.messages import Message, ModelResponse, user_message
from agentarium.runtime.providers.base import (
    PROVIDER_DEFAULTS,
    Delta,
    ModelClient,
    ModelSettings,
    ProviderError,
    ReasoningDelta,
    TextDelta,
    ToolDefinition,
)

HELLO = (user_message("hello"),)
WEATHER = ToolDefinition(
    name="get_weather",
    description="The weather of a city.",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}},
)


@dataclass(frozen=True, slots=True)
class Answer:
    deltas: list[Delta]
    responses: list[ModelResponse]

    @property
    def response(self) -> ModelResponse:
        (response,) = self.responses
        return response

    @property
    def text(self) -> str:
        texts = (delta.text for delta in self.deltas if isinstance(delta, TextDelta))
        return "".join(texts)

    @property
    def reasoning(self) -> str:
        thoughts = (d.text for d in self.deltas if isinstance(d, ReasoningDelta))
        return "".join(thoughts)


async def ask(
    client: ModelClient,
    messages: Sequence[Message] = HELLO,
    *,
    tools: Sequence[ToolDefinition] = (),
    settings: ModelSettings = PROVIDER_DEFAULTS,
) -> Answer:
    """Everything that one call yields."""
    pieces: list[Delta | ModelResponse] = []
    stream = client.stream(messages, tools=tools, settings=settings)
    async with aclosing(stream):
        async for piece in stream:
            pieces.append(piece)  # noqa: PERF401 - kept in order while it streams
    deltas = [piece for piece in pieces if not isinstance(piece, ModelResponse)]
    responses = [piece for piece in pieces if isinstance(piece, ModelResponse)]
    return Answer(deltas, responses)


async def failure(
    client: ModelClient,
    messages: Sequence[Message] = HELLO,
    *,
    settings: ModelSettings = PROVIDER_DEFAULTS,
) -> ProviderError:
    """The error that one call ends with."""
    with pytest.raises(ProviderError) as caught:
        await ask(client, messages, settings=settings)
    return caught.value
