"""Makes model calls and collects what they yield."""

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
class Output:
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
        texts = (d.text for d in self.deltas if isinstance(d, ReasoningDelta))
        return "".join(texts)


async def call_model(
    client: ModelClient,
    messages: Sequence[Message] = HELLO,
    *,
    tools: Sequence[ToolDefinition] = (),
    settings: ModelSettings = PROVIDER_DEFAULTS,
) -> Output:
    """Everything that one model call yields."""
    outputs: list[Delta | ModelResponse] = []
    stream = client.stream(messages, tools=tools, settings=settings)
    async with aclosing(stream):
        async for output in stream:
            outputs.append(output)  # noqa: PERF401 - kept in order while it streams
    deltas = [item for item in outputs if not isinstance(item, ModelResponse)]
    responses = [item for item in outputs if isinstance(item, ModelResponse)]
    return Output(deltas, responses)


async def failure(
    client: ModelClient,
    messages: Sequence[Message] = HELLO,
    *,
    settings: ModelSettings = PROVIDER_DEFAULTS,
) -> ProviderError:
    """The error of one model call, which must fail."""
    with pytest.raises(ProviderError) as caught:
        await call_model(client, messages, settings=settings)
    return caught.value
