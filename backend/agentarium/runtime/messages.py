"""Messages in a neutral form of our own: what is stored, and what every wire maps.

Plain JSON in and out (`message_to_json`, `message_from_json`), so that a step that
was stored years ago still reads, whatever became of a provider's library.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "other"]


@dataclass(frozen=True, slots=True)
class TextPart:
    text: str
    type: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class ReasoningPart:
    """The model's thinking; `signature` is what its provider wants back untouched."""

    text: str
    signature: str = ""
    type: Literal["reasoning"] = "reasoning"


@dataclass(frozen=True, slots=True)
class ToolCallPart:
    """A call that the model asks for; `arguments` is the JSON text as it came.

    `signature` is what its provider wants back untouched, as with reasoning.
    """

    tool_call_id: str
    name: str
    arguments: str
    signature: str = ""
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
        """What a person reads of it."""
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
    """Tokens of one model response, as its provider counted them.

    `input_tokens` includes `cached_input_tokens`, and `output_tokens` includes
    `reasoning_tokens`.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ModelResponse:
    """One finished answer of a model; `model` is the name that the provider gave."""

    message: Message
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    finish_reason: FinishReason = "stop"


def user_message(text: str) -> Message:
    return Message("user", (TextPart(text),))


def system_message(text: str) -> Message:
    return Message("system", (TextPart(text),))


def message_to_json(message: Message) -> dict[str, Any]:
    return {
        "role": message.role,
        "parts": [_part_to_json(each) for each in message.parts],
    }


def _part_to_json(part: Part) -> dict[str, Any]:
    # As `asdict`, which copies deeply what cannot change.
    return {name: getattr(part, name) for name in part.__dataclass_fields__}


def message_from_json(data: dict[str, Any]) -> Message:
    """The message that `message_to_json` wrote; fields it does not know are dropped."""
    return Message(data["role"], tuple(_part_from_json(part) for part in data["parts"]))


def _part_from_json(data: dict[str, Any]) -> Part:
    kind = _PARTS[data["type"]]
    known = kind.__dataclass_fields__
    return kind(**{name: value for name, value in data.items() if name in known})
