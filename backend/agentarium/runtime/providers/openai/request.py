"""Request bodies of the OpenAI-compatible API."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from agentarium.runtime.messages import Message, ReasoningPart, ToolResultPart
from agentarium.runtime.providers.base import ModelSettings, ToolDefinition

# OpenAI's reasoning models accept no temperature, and take `max_completion_tokens`.
_REASONING_MODEL = re.compile(r"(?:.*/)?(?:o\d|gpt-[5-9])(?!.*-chat)")


def request_body(
    model: str,
    messages: Sequence[Message],
    tools: Sequence[ToolDefinition],
    settings: ModelSettings,
    *,
    rejected: Collection[str] = (),
    reasoning_field: str = "",
) -> dict[str, Any]:
    """The request body for one streamed response.

    `rejected` names parameters that the server does not accept. `reasoning_field` names
    the message field in which it expects its own reasoning back.
    """
    body: dict[str, Any] = {
        "model": model,
        "messages": [
            item for message in messages for item in _items(message, reasoning_field)
        ],
        "stream": True,
    }
    if "stream_options" not in rejected:
        body["stream_options"] = {"include_usage": True}
    if tools:
        body["tools"] = [_tool(tool) for tool in tools]
    return body | _limits(model, settings, rejected)


def _limits(
    model: str, settings: ModelSettings, rejected: Collection[str]
) -> dict[str, Any]:
    is_reasoning = _REASONING_MODEL.match(model) is not None
    limits: dict[str, Any] = {}
    if settings.max_output_tokens is not None:
        is_renamed = is_reasoning or "max_tokens" in rejected
        if "max_completion_tokens" in rejected:
            is_renamed = False
        name = "max_completion_tokens" if is_renamed else "max_tokens"
        limits[name] = settings.max_output_tokens
    accepts_temperature = not is_reasoning and "temperature" not in rejected
    if settings.temperature is not None and accepts_temperature:
        limits["temperature"] = settings.temperature
    return limits


def _items(message: Message, reasoning_field: str) -> Iterator[dict[str, Any]]:
    """The API's messages for one of ours; each tool result becomes a message."""
    if message.role == "assistant":
        yield _assistant(message, reasoning_field)
        return
    results = [part for part in message.parts if isinstance(part, ToolResultPart)]
    for result in results:
        yield {
            "role": "tool",
            "tool_call_id": result.tool_call_id,
            "content": result.content,
        }
    if not results:
        yield {"role": message.role, "content": message.text}


def _assistant(message: Message, reasoning_field: str) -> dict[str, Any]:
    item: dict[str, Any] = {"role": "assistant", "content": message.text}
    if message.tool_calls:
        item["content"] = message.text or None
        item["tool_calls"] = [
            {
                "id": call.tool_call_id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.tool_calls
        ]
    reasoning = [part for part in message.parts if isinstance(part, ReasoningPart)]
    # DeepSeek rejects assistant messages with tool calls that lack the field.
    if reasoning_field and (reasoning or message.tool_calls):
        item[reasoning_field] = "".join(part.text for part in reasoning)
    return item


def _tool(tool: ToolDefinition) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters or {"type": "object", "properties": {}},
        },
    }
