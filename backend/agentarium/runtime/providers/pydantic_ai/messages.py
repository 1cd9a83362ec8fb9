"""Converts messages and responses between our format and pydantic-ai's.

Imported on first use only; see `client`.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, cast

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
from agentarium.runtime.providers.call_ids import new_call_id, usable_call_id
from agentarium.runtime.providers.history import valid_history
from agentarium.runtime.providers.provider_metadata import packed

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
    history = valid_history(messages, provider=system)
    for is_response, group in groupby(history, lambda item: item.role == "assistant"):
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
            return library.TextPart(
                part.text, **_unpacked_metadata(part.provider_metadata)
            )
        case ReasoningPart():
            return library.ThinkingPart(
                part.text, **_unpacked_metadata(part.provider_metadata)
            )
        case ToolCallPart():
            details = _unpacked_metadata(part.provider_metadata)
            return library.ToolCallPart(
                tool_name=part.name,
                args=part.arguments,
                tool_call_id=part.tool_call_id,
                provider_name=details.get("provider_name"),
                provider_details=details.get("provider_details"),
            )
        case ToolResultPart():
            return None


def from_library(response: library.ModelResponse, system: str) -> ModelResponse:
    """The complete response in our format; `system` is the provider's name."""
    used: set[str] = set()
    parts = [_part(part, system, used) for part in response.parts]
    message = Message("assistant", tuple(part for part in parts if part is not None))
    reason = _FINISH_REASONS.get(response.finish_reason or "", "other")
    if message.tool_calls and reason in ("stop", "other"):
        reason = "tool_calls"
    return ModelResponse(
        message=message,
        usage=_usage(response),
        model=response.model_name or "",
        finish_reason=reason,
        provider_finish_reason=_provider_finish_reason(response),
    )


def _provider_finish_reason(response: library.ModelResponse) -> str:
    details = response.provider_details or {}
    return str(details.get("finish_reason") or response.finish_reason or "")


def _part(part: library.ModelResponsePart, system: str, used: set[str]) -> Part | None:
    match part:
        case library.TextPart():
            metadata = _packed_metadata(part, id=part.id)
            has_content = part.content or metadata
            return TextPart(part.content, metadata) if has_content else None
        case library.ThinkingPart():
            metadata = _packed_metadata(part, id=part.id, signature=part.signature)
            return ReasoningPart(part.content, metadata)
        case library.ToolCallPart():
            return _call(part, system, used)
    return None


def _call(part: library.ToolCallPart, system: str, used: set[str]) -> ToolCallPart:
    call_id = usable_call_id(part.tool_call_id, used) or new_call_id()
    used.add(call_id)
    own_id = part.tool_call_id if call_id != part.tool_call_id else None
    return ToolCallPart(
        call_id,
        part.tool_name,
        part.args_as_json_str(),
        _packed_metadata(part, system, call_id=own_id),
    )


def _packed_metadata(
    part: library.TextPart | library.ThinkingPart | library.ToolCallPart,
    system: str = "",
    **fields: str | None,
) -> str:
    """The metadata that the provider expects back with a part, as JSON text.

    It names the provider, since no other provider may receive it.
    """
    return packed(
        part.provider_name or system, **fields, provider_details=part.provider_details
    )


def _unpacked_metadata(metadata: str) -> dict[str, Any]:
    return orjson.loads(metadata) if metadata.startswith("{") else {}


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
    """The settings under the library's names; it sends those that the API has."""
    named = {
        "temperature": settings.temperature,
        "max_tokens": settings.max_output_tokens,
        "top_p": settings.top_p,
        "thinking": _thinking(settings.reasoning_effort),
        "seed": settings.seed,
        "stop_sequences": settings.stop and list(settings.stop),
        "parallel_tool_calls": settings.parallel_tool_calls,
        "extra_body": dict(settings.extra_body) or None,
    }
    given = {name: value for name, value in named.items() if value is not None}
    return cast("LibrarySettings", given)


def _thinking(effort: str | None) -> str | bool | None:
    return False if effort == "none" else effort
