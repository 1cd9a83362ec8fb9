"""Messages and answers between our neutral form and pydantic-ai's.

Imported on first use only; see `pydantic_client`.
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
    """The conversation for the provider that the library calls `system`."""
    result: list[library.ModelRequest | library.ModelResponse] = []
    for is_answer, group in groupby(messages, lambda item: item.role == "assistant"):
        if is_answer:
            result += [_answer(message, system) for message in group]
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


def _answer(message: Message, system: str) -> library.ModelResponse:
    parts = [_answer_part(part) for part in message.parts]
    return library.ModelResponse(
        parts=[part for part in parts if part is not None], provider_name=system
    )


def _answer_part(part: Part) -> library.ModelResponsePart | None:
    match part:
        case TextPart():
            return library.TextPart(part.text)
        case ReasoningPart():
            return library.ThinkingPart(part.text, **_opened(part.signature))
        case ToolCallPart():
            details = _opened(part.signature)
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
    """The finished answer in our form."""
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
            sealed = _sealed(part, id=part.id, signature=part.signature)
            return ReasoningPart(part.content, sealed)
        case library.ToolCallPart():
            return ToolCallPart(
                part.tool_call_id,
                part.tool_name,
                part.args_as_json_str(),
                _sealed(part),
            )
    return None


def _sealed(
    part: library.ThinkingPart | library.ToolCallPart, **fields: str | None
) -> str:
    """What the provider wants back with a part, as one text.

    It names the provider, because another one must not be sent it.
    """
    known = {
        **fields,
        "provider_name": part.provider_name,
        "provider_details": part.provider_details,
    }
    sealed = {name: value for name, value in known.items() if value}
    return orjson.dumps(sealed).decode() if sealed.keys() - {"provider_name"} else ""


def _opened(signature: str) -> dict[str, Any]:
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
