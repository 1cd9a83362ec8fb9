"""The agent's loop: model, tool calls, results, model ... until it has answered.

It stores nothing. Whoever drives it makes each thing it yields last before anything
follows from it, and may start it again later from the messages that were stored.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from agentarium.runtime.messages import (
    Message,
    ModelResponse,
    ToolCallPart,
    ToolResultPart,
)
from agentarium.runtime.providers.base import Delta
from agentarium.runtime.retries import Retried

Piece = Delta | Retried | ModelResponse | ToolResultPart
CallModel = Callable[
    [Sequence[Message]], AsyncGenerator[Delta | Retried | ModelResponse, None]
]
CallTools = Callable[[Sequence[ToolCallPart]], AsyncGenerator[ToolResultPart, None]]


class StepLimitError(Exception):
    """The agent wants to go on, but has taken as many steps as it may."""


@dataclass(frozen=True, slots=True)
class LoopCallbacks:
    """What an agent's loop calls outside of itself.

    `call_model` streams one response of a model. `call_tools` yields the results that are to
    be had now; a call without a result suspends the run. `before_call` is awaited
    before the model is asked: there the caller makes sure that what was yielded lasts.
    """

    call_model: CallModel
    call_tools: CallTools
    before_call: Callable[[], Awaitable[None]]


async def run_agent(
    messages: Sequence[Message], *, callbacks: LoopCallbacks, max_steps: int
) -> AsyncGenerator[Piece, None]:
    """Yield what happens, until the agent has answered or has to wait.

    Closing the generator closes the connections of whatever is under way. Raises
    `ProviderError`, and `StepLimitError` before response number `max_steps` + 1.
    """
    messages = list(messages)
    while True:
        if calls := unanswered(messages):
            async with aclosing(callbacks.call_tools(calls)) as results:
                async for result in results:
                    messages.append(Message("tool", (result,)))
                    yield result
        if unanswered(messages) or messages[-1].role == "assistant":
            return
        _check_steps(messages, max_steps)
        await callbacks.before_call()
        async with aclosing(callbacks.call_model(messages)) as pieces:
            async for piece in pieces:
                if isinstance(piece, ModelResponse):
                    messages.append(piece.message)
                yield piece


def _check_steps(messages: Sequence[Message], max_steps: int) -> None:
    """The responses since the person's last word count."""
    taken = 0
    for message in reversed(messages):
        if message.role == "user":
            break
        taken += message.role == "assistant"
    if taken >= max_steps:
        raise StepLimitError


def unanswered(messages: Sequence[Message]) -> list[ToolCallPart]:
    """The calls of the last response that have no result yet."""
    answered = set()
    for message in reversed(messages):
        if message.role != "tool":
            return [
                call for call in message.tool_calls if call.tool_call_id not in answered
            ]
        answered |= {
            part.tool_call_id
            for part in message.parts
            if isinstance(part, ToolResultPart)
        }
    return []
