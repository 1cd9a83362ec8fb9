"""Converts messages and responses between our format and pydantic-ai's.

Imported on first use only; see `client`.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import orjson
from pydantic_ai import messages as library
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.settings import ModelSettings as LibrarySettings
from pydantic_ai.tools import ToolDefinition as LibraryTool

from agentarium.runtime.messages import (
    FinishReason,
    Message,
    ModelResponse,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Usage,
)
from agentarium.runtime.providers.base import ModelSettings, ToolDefinition

_FINISH_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "content_filter": "content_filter",
    "tool_call": "tool_calls",
}


def to_library(
    messages: Sequence[Message], system: str
) -> list[library.ModelRequest | library.ModelResponse]:
    """The messages in the library's format; `system` is its name for the provider."""
    result: list[library.ModelRequest | library.ModelResponse] = []
    for is_response, group in groupby(messages, lambda item: item.role == "assistant"):
        if is_response:
            result += [_response(message, system) for message in group]
        else:
            parts = [part for message in group for part in _request_parts(message)]
            result.append(library.ModelRequest(parts=parts))
    return result


def _request_parts(message: Message) -> list[library.ModelRequestPart]:
    if message.role == "system":
        return [library.SystemPromptPart(message.text)]
    if message.role == "user":
        return [library.UserPromptPart(message.text)]
    return [
        library.ToolReturnPart(
            tool_name=part.name,
            content=part.content,
            tool_call_id=part.tool_call_id,
            outcome="failed" if part.is_error else "success",
        )
        for part in message.parts
        if isinstance(part, ToolResultPart)
    ]


def _response(message: Message, system: str) -> library.ModelResponse:
    parts = [_response_part(part) for part in message.parts]
    return library.ModelResponse(
        parts=[part for part in parts if part is not None], provider_name=system
    )


def _response_part(part: Part) -> library.ModelResponsePart | None:
    match part:
        case TextPart():
            return library.TextPart(part.text)
        case ReasoningPart():
            return library.ThinkingPart(part.text, **_unpack_signature(part.signature))
        case ToolCallPart():
            details = _unpack_signature(part.signature)
            return library.ToolCallPart(
                tool_name=part.name,
                args=part.arguments,
                tool_call_id=part.tool_call_id,
                provider_name=details.get("provider_name"),
                provider_details=details.get("provider_details"),
            )
        case ToolResultPart():
            return None


def from_library(response: library.ModelResponse) -> ModelResponse:
    """The complete response in our format."""
    parts = [_part(part) for part in response.parts]
    message = Message("assistant", tuple(part for part in parts if part is not None))
    reason = _FINISH_REASONS.get(response.finish_reason or "", "other")
    if message.tool_calls and reason in ("stop", "other"):
        reason = "tool_calls"
    return ModelResponse(
        message=message,
        usage=_usage(response),
        model=response.model_name or "",
        finish_reason=reason,
    )


def _part(part: library.ModelResponsePart) -> Part | None:
    match part:
        case library.TextPart():
            return TextPart(part.content) if part.content else None
        case library.ThinkingPart():
            signature = _pack_signature(part, id=part.id, signature=part.signature)
            return ReasoningPart(part.content, signature)
        case library.ToolCallPart():
            return ToolCallPart(
                part.tool_call_id,
                part.tool_name,
                part.args_as_json_str(),
                _pack_signature(part),
            )
    return None


def _pack_signature(
    part: library.ThinkingPart | library.ToolCallPart, **fields: str | None
) -> str:
    """The metadata that the provider expects back with a part, as JSON text.

    It names the provider, since no other provider may receive it.
    """
    metadata = {
        **fields,
        "provider_name": part.provider_name,
        "provider_details": part.provider_details,
    }
    packed = {name: value for name, value in metadata.items() if value}
    return orjson.dumps(packed).decode() if packed.keys() - {"provider_name"} else ""


def _unpack_signature(signature: str) -> dict[str, Any]:
    return orjson.loads(signature) if signature.startswith("{") else {}


def _usage(response: library.ModelResponse) -> Usage:
    usage = response.usage
    return Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cached_input_tokens=usage.cache_read_tokens,
        reasoning_tokens=usage.details.get("reasoning_tokens", 0)
        or usage.details.get("thoughts_tokens", 0),
    )


def parameters(tools: Sequence[ToolDefinition]) -> ModelRequestParameters:
    return ModelRequestParameters(
        function_tools=[
            LibraryTool(
                name=tool.name,
                description=tool.description,
                parameters_json_schema=tool.parameters
                or {"type": "object", "properties": {}},
            )
            for tool in tools
        ]
    )


def library_settings(settings: ModelSettings) -> LibrarySettings:
    result = LibrarySettings()
    if settings.temperature is not None:
        result["temperature"] = settings.temperature
    if settings.max_output_tokens is not None:
        result["max_tokens"] = settings.max_output_tokens
    return result
