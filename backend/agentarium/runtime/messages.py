"""Provider-neutral messages: the stored format, which every client maps to its API.

They convert to and from plain JSON (`message_to_json`, `message_from_json`), so that
steps stay readable however the providers' libraries change.

`provider_metadata` is JSON text that only the client of its provider understands: what
that provider sent next to a part, such as a signature, and expects back unchanged.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "other"]


@dataclass(frozen=True, slots=True)
class TextPart:
    text: str
    provider_metadata: str = ""
    type: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class ReasoningPart:
    """The model's reasoning. Without text, it only carries its provider's metadata."""

    text: str
    provider_metadata: str = ""
    type: Literal["reasoning"] = "reasoning"


@dataclass(frozen=True, slots=True)
class ToolCallPart:
    """A tool call that the model requests; `arguments` is the JSON text as received.

    `tool_call_id` tells the calls of one response apart. It is the provider's id unless
    that one is missing, repeated or too odd to store.
    """

    tool_call_id: str
    name: str
    arguments: str
    provider_metadata: str = ""
    type: Literal["tool_call"] = "tool_call"


@dataclass(frozen=True, slots=True)
class ToolResultPart:
    tool_call_id: str
    name: str
    content: str
    is_error: bool = False
    type: Literal["tool_result"] = "tool_result"


Part = TextPart | ReasoningPart | ToolCallPart | ToolResultPart

_PARTS: dict[str, type[Part]] = {
    "text": TextPart,
    "reasoning": ReasoningPart,
    "tool_call": ToolCallPart,
    "tool_result": ToolResultPart,
}


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The text parts, joined."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))

    @property
    def reasoning(self) -> str:
        return "".join(
            part.text for part in self.parts if isinstance(part, ReasoningPart)
        )

    @property
    def tool_calls(self) -> tuple[ToolCallPart, ...]:
        return tuple(part for part in self.parts if isinstance(part, ToolCallPart))


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one model response, as its provider reported them.

    `input_tokens` includes `cached_input_tokens`, and `output_tokens` includes
    `reasoning_tokens`.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ModelResponse:
    """One complete response; `model` is the name that the provider reported.

    `provider_finish_reason` is the provider's own word, such as `refusal`. It is empty if
    the stream ended without one.
    """

    message: Message
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    finish_reason: FinishReason = "stop"
    provider_finish_reason: str = ""


def user_message(text: str) -> Message:
    return Message("user", (TextPart(text),))


def system_message(text: str) -> Message:
    return Message("system", (TextPart(text),))


def message_to_json(message: Message) -> dict[str, Any]:
    return {
        "role": message.role,
        "parts": [_part_to_json(part) for part in message.parts],
    }


def _part_to_json(part: Part) -> dict[str, Any]:
    # Like `asdict`, without deep copies of immutable values.
    data = {name: getattr(part, name) for name in part.__dataclass_fields__}
    if not data.get("provider_metadata", True):
        del data["provider_metadata"]
    return data


def message_from_json(data: dict[str, Any]) -> Message:
    """Read the output of `message_to_json`, ignoring unknown fields."""
    return Message(data["role"], tuple(_part_from_json(part) for part in data["parts"]))


def _part_from_json(data: dict[str, Any]) -> Part:
    part_type = _PARTS[data["type"]]
    fields = part_type.__dataclass_fields__
    return part_type(**{name: value for name, value in data.items() if name in fields})
