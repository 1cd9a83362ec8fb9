"""Builds one response of an OpenAI-compatible API from its stream events."""

from collections.abc import Iterable
from typing import Any

from agentarium.runtime.messages import (
    FinishReason,
    Message,
    ModelResponse,
    Part,
    ReasoningPart,
    TextPart,
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
    CalledModel,
    provider_failure,
    status_of,
)
from agentarium.runtime.providers.openai.calls import CallBuilder
from agentarium.runtime.providers.openai.events import GarbledEventError, objects_in
from agentarium.runtime.providers.openai.metadata import (
    REASONING_FIELDS,
    OpaqueFields,
)
from agentarium.runtime.providers.openai.text_repair import TextRepair
from agentarium.runtime.providers.openai.usage import usage_of
from agentarium.runtime.providers.provider_metadata import packed

MAX_RESPONSE_CHARS = 16 * 1024 * 1024

_FINISH_REASONS: dict[str, FinishReason] = {
    "": "stop",
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


class OpenAIResponseBuilder:
    """Builds one `ModelResponse` from stream events or from one complete body.

    `provider` is the name under which the provider's metadata is kept.
    """

    def __init__(self, called: CalledModel, *, provider: str) -> None:
        self._called = called
        self._title = called.title
        self._provider = provider
        self._text = _Channel()
        self._reasoning = _Channel()
        self._reasoning_fields: dict[str, None] = {}
        self._opaque = OpaqueFields()
        self._calls = CallBuilder()
        self._usage: Usage | None = None
        self._served_model = ""
        self._finish_reason = ""
        self._size = 0
        self._has_begun = False
        self._is_other = False
        self.is_done = False

    @property
    def is_complete(self) -> bool:
        """Whether the model has finished its response."""
        return self.is_done or bool(self._finish_reason)

    def add(self, events: Iterable[bytes]) -> list[Delta]:
        """Add events, or the body of a response that is not streamed.

        Returns their deltas, adjacent ones of one kind merged. Events that are not JSON
        objects, such as keep-alives, are skipped.
        """
        deltas: list[Delta] = []
        for event in events:
            if event == b"[DONE]":
                self.is_done = True
                break
            try:
                chunks = objects_in(event)
            except GarbledEventError:
                raise self._garbled() from None
            self._is_other |= not chunks
            for chunk in chunks:
                self._add_chunk(chunk, deltas)
        return _merged(deltas)

    def finish(self) -> list[Delta]:
        """The rest of the text, at the end of the stream."""
        deltas: list[Delta] = []
        if text := self._reasoning.finish():
            deltas.append(ReasoningDelta(text))
        if text := self._text.finish():
            deltas.append(TextDelta(text))
        return deltas

    def build(self) -> ModelResponse:
        """The response, after `finish`. Raises `ProviderError` if it was cut off."""
        reasoning = self._reasoning_part()
        parts: list[Part] = [reasoning] if reasoning else []
        if text := self._text.joined():
            parts.append(TextPart(text))
        parts += self._calls.parts(self._provider)
        self._check_end(is_empty=not parts)
        return ModelResponse(
            message=Message("assistant", tuple(parts)),
            usage=self._usage or Usage(),
            model=self._served_model or self._called.model,
            finish_reason=self._meaning_of_end(),
            provider_finish_reason=self._finish_reason,
        )

    def _reasoning_part(self) -> ReasoningPart | None:
        text = self._reasoning.joined()
        metadata = packed(
            self._provider,
            text_fields=list(self._reasoning_fields) if text else [],
            fields=self._opaque.as_dict(),
        )
        return ReasoningPart(text, metadata) if text or metadata else None

    def _check_end(self, *, is_empty: bool) -> None:
        """Raise `ProviderError` unless the stream can be a whole response.

        Some servers end it without a finish reason.
        """
        if self._finish_reason:
            return
        if is_empty and (self.is_done or self._is_other):
            raise self.malformed()
        is_answer = self.is_done or not is_empty or self._usage is not None
        if not (is_answer and self._calls.are_complete):
            raise self._cut_off()

    def _meaning_of_end(self) -> FinishReason:
        reason = _FINISH_REASONS.get(self._finish_reason, "other")
        is_known = self.is_complete or self._usage is not None
        if self._calls and reason == "stop":
            # Some servers report `stop` for tool calls too.
            return "tool_calls"
        return reason if is_known else "other"

    def malformed(self) -> ProviderError:
        return ProviderError(
            ProviderErrorCode.PROTOCOL,
            f"{self._title} sent a response that does not follow the OpenAI API. "
            "Check the base URL.",
        )

    def _garbled(self) -> ProviderError:
        """The error for an unreadable event, which is an accident after readable ones."""
        return self._cut_off() if self._has_begun else self.malformed()

    def _cut_off(self) -> ProviderError:
        return ProviderError(
            ProviderErrorCode.UNAVAILABLE,
            f"The response of {self._title} was cut off before it was complete.",
            is_transient=True,
        )

    def _add_chunk(self, chunk: dict[str, Any], deltas: list[Delta]) -> None:
        if error := _error_in(chunk):
            raise self._failure(error)
        usage = chunk.get("usage")
        if isinstance(usage, dict):
            self._usage = usage_of(usage)
        if not self._served_model and isinstance(chunk.get("model"), str):
            self._served_model = chunk["model"]
        choices = chunk.get("choices")
        if not choices:
            self._is_other |= choices is None and usage is None
            return
        try:
            self._add_choice(choices[0], deltas)
        except (AttributeError, LookupError, TypeError):
            raise self._garbled() from None
        self._has_begun = True

    def _add_choice(self, choice: dict[str, Any], deltas: list[Delta]) -> None:
        if "message" in choice:
            self.is_done = True
        delta = choice.get("delta") or choice.get("message") or {}
        content = delta.get("content") or delta.get("refusal")
        if reasoning := self._reasoning_in(delta) or _thinking_in(content):
            self._count_chars(len(reasoning))
            deltas.append(ReasoningDelta(self._reasoning.add(reasoning)))
        if text := _content_text(content):
            self._count_chars(len(text))
            deltas.append(TextDelta(self._text.add(text)))
        if calls := delta.get("tool_calls"):
            self._count_chars(self._calls.add(calls))
        elif call := delta.get("function_call"):
            self._count_chars(self._calls.add([{"function": call}]))
        self._count_chars(self._opaque.add_message(delta))
        self._finish_reason = choice.get("finish_reason") or self._finish_reason
        if self._finish_reason == "error":
            raise self._failure({})

    def _reasoning_in(self, delta: dict[str, Any]) -> str:
        """The reasoning in a delta; some servers send it in two fields."""
        texts = {
            name: delta[name]
            for name in REASONING_FIELDS
            if isinstance(delta.get(name), str) and delta[name]
        }
        self._reasoning_fields |= dict.fromkeys(texts)
        return next(iter(texts.values()), "")

    def _count_chars(self, chars: int) -> None:
        self._size += chars
        if self._size > MAX_RESPONSE_CHARS:
            raise ProviderError(
                ProviderErrorCode.PROTOCOL,
                f"{self._title} sent a response that is too long to store.",
            )

    def _failure(self, error: dict[str, Any]) -> ProviderError:
        """The error for an error object in a response with status 200."""
        return provider_failure(status_of(error), self._called, error=error)


class _Channel:
    """The text of one kind, as valid Unicode."""

    __slots__ = ("_pieces", "_repair")

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._repair = TextRepair()

    def add(self, piece: str) -> str:
        text = self._repair.add(piece)
        self._pieces.append(text)
        return text

    def finish(self) -> str:
        text = self._repair.finish()
        self._pieces.append(text)
        return text

    def joined(self) -> str:
        return "".join(self._pieces)


def _error_in(chunk: dict[str, Any]) -> dict[str, Any]:
    """The error object of a chunk, in the forms that servers send it; {} if none."""
    error = chunk.get("error")
    if error:
        return error if isinstance(error, dict) else {"message": str(error)}
    is_error = chunk.get("object") == "error" or chunk.get("type") == "error"
    # DashScope, among others.
    is_bare = "choices" not in chunk and "code" in chunk and "message" in chunk
    return chunk if is_error or is_bare else {}


def _merged(deltas: list[Delta]) -> list[Delta]:
    """Merge adjacent deltas of one kind; drop empty ones."""
    if len(deltas) < 2:
        return [delta for delta in deltas if delta.text]
    merged: list[Delta] = []
    start = 0
    for end in range(1, len(deltas) + 1):
        if end < len(deltas) and type(deltas[end]) is type(deltas[start]):
            continue
        if text := "".join(delta.text for delta in deltas[start:end]):
            merged.append(type(deltas[start])(text))
        start = end
    return merged


def _content_text(content: Any) -> str:
    """The text of a content field, which is a string or a list of parts."""
    if isinstance(content, str):
        return content
    texts = (part.get("text") for part in content or ())
    return "".join(text for text in texts if isinstance(text, str))


def _thinking_in(content: Any) -> str:
    """The reasoning in a content field, which Mistral sends as parts of a list."""
    if not isinstance(content, list):
        return ""
    parts = (part for part in content if isinstance(part, dict))
    return "".join(_content_text(part.get("thinking")) for part in parts)
