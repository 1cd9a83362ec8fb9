"""Builds one response of an OpenAI-compatible API from its stream events."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

import orjson

from agentarium.runtime.json_size import has_too_many_containers
from agentarium.runtime.messages import (
    FinishReason,
    Message,
    ModelResponse,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    Usage,
)
from agentarium.runtime.providers.base import (
    Delta,
    ProviderError,
    ProviderErrorCode,
    ReasoningDelta,
    TextDelta,
)
from agentarium.runtime.providers.failures import (
    identifiers,
    provider_failure,
    status_of,
)

MAX_RESPONSE_CHARS = 16 * 1024 * 1024

_FINISH_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


class OpenAIResponseBuilder:
    """Builds one `ModelResponse` from stream events or from one complete body."""

    def __init__(self, *, title: str, model: str, secret: str = "") -> None:
        self._title = title
        self._model = model
        self._secret = secret
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._calls: list[_Call] = []
        self._usage = Usage()
        self._served_model = ""
        self._finish_reason = ""
        self._size = 0
        self._is_other_json = False
        self.is_done = False

    @property
    def is_complete(self) -> bool:
        """Whether the model has finished its response."""
        return self.is_done or bool(self._finish_reason)

    def add(self, events: Iterable[bytes]) -> list[Delta]:
        """Add events, or the body of a response that is not streamed.

        Returns their deltas, adjacent ones of one kind merged.
        """
        deltas: list[Delta] = []
        for event in events:
            if event == b"[DONE]":
                self.is_done = True
                break
            self._add_chunk(self._parse(event), deltas)
        return _merged(deltas)

    def build(self) -> ModelResponse:
        """The complete response. Raises `ProviderError` if it was cut off."""
        if not self.is_complete and self._is_other_json:
            raise self.malformed()
        if not self.is_complete:
            raise ProviderError(
                ProviderErrorCode.UNAVAILABLE,
                f"{self._title} closed the connection before the response was complete.",
                is_transient=True,
            )
        parts: list[Part] = []
        if self._reasoning:
            parts.append(ReasoningPart("".join(self._reasoning)))
        if self._text:
            parts.append(TextPart("".join(self._text)))
        parts += [call.part() for call in self._calls]
        if not parts and not self._finish_reason:
            raise self.malformed()
        reason = _FINISH_REASONS.get(self._finish_reason or "stop", "other")
        return ModelResponse(
            message=Message("assistant", tuple(parts)),
            usage=self._usage,
            model=self._served_model or self._model,
            # Some servers report `stop` for tool calls too.
            finish_reason="tool_calls" if self._calls and reason == "stop" else reason,
        )

    def malformed(self) -> ProviderError:
        return ProviderError(
            ProviderErrorCode.PROTOCOL,
            f"{self._title} sent a response that does not follow the OpenAI API. "
            "Check the base URL.",
        )

    def _parse(self, data: bytes) -> dict[str, Any]:
        if has_too_many_containers(data):
            raise self.malformed()
        try:
            value = orjson.loads(data)
        except orjson.JSONDecodeError:
            raise self.malformed() from None
        if not isinstance(value, dict):
            raise self.malformed()
        return value

    def _add_chunk(self, chunk: dict[str, Any], deltas: list[Delta]) -> None:
        if chunk.get("error"):
            raise self._failure(chunk["error"])
        usage = chunk.get("usage")
        if isinstance(usage, dict):
            self._usage = _usage(usage)
        if not self._served_model and isinstance(chunk.get("model"), str):
            self._served_model = chunk["model"]
        choices = chunk.get("choices")
        if not choices:
            self._is_other_json |= choices is None and usage is None
            return
        try:
            self._add_choice(choices[0], deltas)
        except (AttributeError, IndexError, KeyError, TypeError):
            raise self.malformed() from None

    def _add_choice(self, choice: dict[str, Any], deltas: list[Delta]) -> None:
        if "message" in choice:
            self.is_done = True
        delta = choice.get("delta") or choice.get("message") or {}
        if reasoning := delta.get("reasoning_content") or delta.get("reasoning"):
            deltas.append(ReasoningDelta(self._append_text(self._reasoning, reasoning)))
        if text := delta.get("content") or delta.get("refusal"):
            deltas.append(TextDelta(self._append_text(self._text, text)))
        for call in delta.get("tool_calls") or ():
            self._add_call(call)
        self._finish_reason = choice.get("finish_reason") or self._finish_reason

    def _append_text(self, texts: list[str], content: Any) -> str:
        text = _content_text(content)
        self._count_chars(len(text))
        texts.append(text)
        return text

    def _add_call(self, fragment: dict[str, Any]) -> None:
        function = fragment.get("function") or {}
        call = self._call_for(fragment)
        call.tool_call_id = call.tool_call_id or fragment.get("id") or ""
        call.name = call.name or function.get("name") or ""
        arguments = function.get("arguments") or ""
        if not isinstance(arguments, str):
            arguments = orjson.dumps(arguments).decode()
        self._count_chars(len(arguments))
        call.arguments.append(arguments)

    def _call_for(self, fragment: dict[str, Any]) -> "_Call":
        """The call that a fragment continues, or a new one.

        Fragments are matched by index. Some servers omit it or send 0 for all calls;
        then a new id starts a new call.
        """
        index, new_id = fragment.get("index"), fragment.get("id")
        for call in reversed(self._calls):
            has_same_index = index is None or call.index == index
            if has_same_index and new_id in (None, "", call.tool_call_id):
                return call
        call = _Call(len(self._calls) if index is None else index)
        self._calls.append(call)
        return call

    def _count_chars(self, chars: int) -> None:
        self._size += chars
        if self._size > MAX_RESPONSE_CHARS:
            raise ProviderError(
                ProviderErrorCode.PROTOCOL,
                f"{self._title} sent a response that is too long to store.",
            )

    def _failure(self, error: Any) -> ProviderError:
        """The error for an error object in a response with status 200."""
        known = error if isinstance(error, dict) else {}
        return provider_failure(
            status_of(known),
            title=self._title,
            model=self._model,
            reasons=identifiers(known, secret=self._secret),
        )


class _Call:
    """A tool call that is being assembled."""

    __slots__ = ("arguments", "index", "name", "tool_call_id")

    def __init__(self, index: int) -> None:
        self.index = index
        self.tool_call_id = ""
        self.name = ""
        self.arguments: list[str] = []

    def part(self) -> ToolCallPart:
        return ToolCallPart(
            tool_call_id=self.tool_call_id or f"call_{uuid4().hex}",
            name=self.name,
            arguments="".join(self.arguments) or "{}",
        )


def _merged(deltas: list[Delta]) -> list[Delta]:
    """Merge adjacent deltas of one kind."""
    if len(deltas) < 2:
        return deltas
    merged: list[Delta] = []
    start = 0
    for end in range(1, len(deltas) + 1):
        if end < len(deltas) and type(deltas[end]) is type(deltas[start]):
            continue
        text = "".join(delta.text for delta in deltas[start:end])
        merged.append(type(deltas[start])(text))
        start = end
    return merged


def _content_text(content: Any) -> str:
    """The text of a content field, which is a string or a list of parts."""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


def _usage(usage: dict[str, Any]) -> Usage:
    """Token counts; missing or invalid ones count as 0."""
    input_tokens = _count(usage, "prompt_tokens")
    output_tokens = _count(usage, "completion_tokens")
    reasoning = _count(_details(usage, "completion_tokens_details"), "reasoning_tokens")
    cached = _count(_details(usage, "prompt_tokens_details"), "cached_tokens")
    # xAI does not include reasoning in the output tokens, as its total shows.
    if reasoning and _count(usage, "total_tokens") == sum(
        (input_tokens, output_tokens, reasoning)
    ):
        output_tokens += reasoning
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_input_tokens=cached or _count(usage, "prompt_cache_hit_tokens"),
        reasoning_tokens=reasoning,
    )


def _details(usage: dict[str, Any], name: str) -> dict[str, Any]:
    details = usage.get(name)
    return details if isinstance(details, dict) else {}


def _count(usage: dict[str, Any], name: str) -> int:
    value = usage.get(name)
    return value if type(value) is int and value > 0 else 0
