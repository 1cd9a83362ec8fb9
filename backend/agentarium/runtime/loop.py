"""The agent loop: call the model, run its tool calls, repeat until it has answered.

It stores nothing. The caller stores each item it yields before resuming the loop, and
can start it again later from the stored messages.
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

LoopOutput = Delta | Retried | ModelResponse | ToolResultPart
CallModel = Callable[
    [Sequence[Message]], AsyncGenerator[Delta | Retried | ModelResponse, None]
]
CallTools = Callable[[Sequence[ToolCallPart]], AsyncGenerator[ToolResultPart, None]]


class StepLimitError(Exception):
    """The agent has reached its step limit without a final answer."""


@dataclass(frozen=True, slots=True)
class LoopCallbacks:
    """What the agent loop calls outside itself.

    `call_model` streams one model response. `call_tools` yields the results that are
    available now; a call without a result suspends the run. `before_call` is awaited
    before each model call, so that the caller can store what the loop has yielded.
    """

    call_model: CallModel
    call_tools: CallTools
    before_call: Callable[[], Awaitable[None]]


async def run_agent(
    messages: Sequence[Message], *, callbacks: LoopCallbacks, max_steps: int
) -> AsyncGenerator[LoopOutput, None]:
    """Yield deltas, retries, responses and tool results until the agent answers or waits.

    Closing the generator closes the connections of the call in progress. Raises
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
        async with aclosing(callbacks.call_model(messages)) as outputs:
            async for output in outputs:
                if isinstance(output, ModelResponse):
                    messages.append(output.message)
                yield output


def _check_steps(messages: Sequence[Message], max_steps: int) -> None:
    """Raise `StepLimitError` if the responses since the last user message reach the limit."""
    steps = 0
    for message in reversed(messages):
        if message.role == "user":
            break
        steps += message.role == "assistant"
    if steps >= max_steps:
        raise StepLimitError


def unanswered(messages: Sequence[Message]) -> list[ToolCallPart]:
    """The tool calls of the last response that have no result yet."""
    answered_ids = set()
    for message in reversed(messages):
        if message.role != "tool":
            return [
                call
                for call in message.tool_calls
                if call.tool_call_id not in answered_ids
            ]
        answered_ids |= {
            part.tool_call_id
            for part in message.parts
            if isinstance(part, ToolResultPart)
        }
    return []
