"""Request bodies of the OpenAI-compatible API."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentarium.runtime.messages import (
    Message,
    ReasoningPart,
    ToolCallPart,
    ToolResultPart,
)
from agentarium.runtime.providers.base import ModelSettings, ToolDefinition
from agentarium.runtime.providers.history import valid_history
from agentarium.runtime.providers.provider_metadata import unpacked

# The settings that have the same name in the API.
_SETTINGS = ("top_p", "reasoning_effort", "seed", "stop")
# OpenAI's reasoning models accept no temperature, and take `max_completion_tokens`.
_REASONING_MODEL = re.compile(r"(?:.*/)?(?:o\d|gpt-[5-9])(?!.*-chat)")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a server deviates from the API.

    `provider` is the name of whose metadata it gets back. `reasoning_field` names a field
    that it expects in each message with calls, even if it is empty.
    """

    provider: str = "openai"
    reasoning_field: str = ""


def request_body(
    model: str,
    messages: Sequence[Message],
    tools: Sequence[ToolDefinition],
    settings: ModelSettings,
    *,
    dialect: Dialect,
    rejected: Collection[str] = (),
) -> dict[str, Any]:
    """The request body for one streamed response.

    `rejected` names parameters, and fields of messages, that the server does not accept.
    """
    history = valid_history(messages, provider=dialect.provider)
    items = (item for message in history for item in _items(message, dialect.provider))
    body: dict[str, Any] = {
        "model": model,
        "messages": [
            _completed(item, dialect.reasoning_field, without=rejected)
            for item in items
        ],
        "stream": True,
    }
    body["stream_options"] = {"include_usage": True}
    if tools:
        body["tools"] = [_tool(tool) for tool in tools]
        if settings.parallel_tool_calls is not None:
            body["parallel_tool_calls"] = settings.parallel_tool_calls
    for name in _SETTINGS:
        if (value := getattr(settings, name)) is not None:
            body[name] = value
    for name in body.keys() & set(rejected):
        del body[name]
    return {**settings.extra_body, **body, **_limits(model, settings, rejected)}


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


# The fields of messages and calls that every server accepts.
_MESSAGE_FIELDS = frozenset({"role", "content", "tool_calls", "tool_call_id"})
_CALL_FIELDS = frozenset({"id", "type", "function"})


def opaque_fields(body: Mapping[str, Any]) -> list[str]:
    """The fields of the messages in a request that not every server accepts."""
    found: dict[str, None] = {}
    for item in body["messages"]:
        found |= dict.fromkeys(item.keys() - _MESSAGE_FIELDS)
        for call in item.get("tool_calls", ()):
            found |= dict.fromkeys(call.keys() - _CALL_FIELDS)
    return list(found)


def _items(message: Message, provider: str) -> Iterator[dict[str, Any]]:
    """The API's messages for one of ours; each tool result becomes a message."""
    if message.role == "assistant":
        yield _assistant(message, provider)
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


def _assistant(message: Message, provider: str) -> dict[str, Any]:
    item: dict[str, Any] = {"role": "assistant", "content": message.text}
    for part in message.parts:
        if isinstance(part, ReasoningPart):
            metadata = unpacked(part.provider_metadata, provider)
            item |= metadata.get("fields", {})
            item |= dict.fromkeys(metadata.get("text_fields", ()), part.text)
    if message.tool_calls:
        item["content"] = message.text or None
        item["tool_calls"] = [_call(call, provider) for call in message.tool_calls]
    return item


def _call(call: ToolCallPart, provider: str) -> dict[str, Any]:
    metadata = unpacked(call.provider_metadata, provider)
    function = {"name": call.name, "arguments": call.arguments}
    return {
        **metadata.get("fields", {}),
        "id": call.tool_call_id,
        "type": "function",
        "function": {**metadata.get("function_fields", {}), **function},
    }


def _completed(
    item: dict[str, Any], reasoning_field: str, *, without: Collection[str]
) -> dict[str, Any]:
    """A message with the field that DeepSeek requires, and without rejected ones."""
    if reasoning_field and "tool_calls" in item:
        item.setdefault(reasoning_field, "")
    for part in (item, *item.get("tool_calls", ())):
        for name in part.keys() & without:
            del part[name]
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
