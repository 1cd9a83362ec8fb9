"""The agent's loop: ask the model, hand on what it says, until it has answered.

It stores nothing. Whoever drives it saves each finished message before asking for the
next piece, and may start it again later from the messages that were saved.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing

from agentarium.runtime.messages import Message, ModelResponse
from agentarium.runtime.providers.base import Delta, ModelClient, ModelSettings


def is_answered(messages: Sequence[Message]) -> bool:
    """Whether the last word is the model's, with nothing left to call."""
    last = messages[-1]
    return last.role == "assistant" and not last.tool_calls


async def run_agent(
    messages: Sequence[Message],
    *,
    client: ModelClient,
    settings: ModelSettings,
    before_call: Callable[[], Awaitable[None]],
) -> AsyncGenerator[Delta | ModelResponse, None]:
    """Yield deltas as they come, and each finished response.

    `before_call` is awaited before anything is asked of the world: there the caller
    makes sure that what was yielded so far will last. Closing the generator closes the
    provider's connection. Raises `ProviderError`.
    """
    messages = list(messages)
    while not is_answered(messages):
        await before_call()
        async with aclosing(client.stream(messages, settings=settings)) as pieces:
            async for piece in pieces:
                if isinstance(piece, ModelResponse):
                    messages.append(piece.message)
                yield piece
