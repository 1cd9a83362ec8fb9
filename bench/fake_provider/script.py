"""What the fake provider is told to do, and how it is told.

Either the model's name carries it (`fake,pieces=50,delay=0.02`), or the last message
of the user is a JSON object with a `fake` member (`{"fake": {"pieces": 50}}`), which
wins. What is not said is at its default: a short answer at once.
"""

import time
from dataclasses import dataclass, field, fields, replace
from itertools import pairwise
from typing import Any, Literal

import orjson

Then = Literal["finish", "error", "cut", "end", "garbage", "hang"]


# As long as what replaces it: the machine's monotonic clock in seconds.
STAMP = "@0000000000.000000"


def stamped(frame: bytes) -> bytes:
    return frame.replace(STAMP.encode(), f"@{time.monotonic():017.6f}".encode())


@dataclass(frozen=True, slots=True)
class ToolCall:
    name: str
    arguments: str = "{}"


@dataclass(frozen=True, slots=True)
class Script:
    """One answer.

    `then` says what follows the last piece: a proper end, an error object, the
    connection's end (`cut`), the body's end without an end of the answer (`end`),
    bytes that are no event, or nothing for ever. `refuses` names a parameter that
    a request must not have, and `complaint` the sentence that says so in place of the
    name alone. `delay` is in seconds and lies
    before each piece but the first, `first_delay` before the first byte. Tool calls
    are asked for in `tool_rounds` rounds, then the text is answered; OpenAI sends them
    in pieces, Mistral whole. Nothing is sent before the `gate` of that name, if one is
    named, has been opened. `is_stamped` puts the clock in the place of each `STAMP` in
    the text, at the moment at which it is sent.
    """

    text: str = "This is the fake provider's answer."
    reasoning: str = ""
    pieces: int = 1
    delay: float = 0.0
    first_delay: float = 0.0
    status: int = 200
    retry_after: str = ""
    error_code: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_rounds: int = 1
    are_tool_calls_whole: bool = False
    finish_reason: str = ""
    then: Then = "finish"
    has_usage: bool = True
    is_streaming_ignored: bool = False
    refuses: str = ""
    complaint: str = ""
    line_end: str = "\n"
    gate: str = ""
    is_stamped: bool = False

    @property
    def text_pieces(self) -> list[str]:
        """The text in `pieces` parts of about the same length, none of them empty."""
        count = max(1, min(self.pieces, len(self.text)))
        size, longer = divmod(len(self.text), count)
        starts = [number * size + min(number, longer) for number in range(count + 1)]
        return [self.text[start:end] for start, end in pairwise(starts) if end > start]

    @property
    def output_tokens(self) -> int:
        return max(1, len(self.text_pieces))


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """What a request says, whatever its api."""

    model: str
    last_user_text: str = ""
    tool_rounds_done: int = 0
    is_stream: bool = False
    body: dict[str, Any] = field(default_factory=dict)


def script_for(parsed: ParsedRequest) -> Script:
    """The script that the request carries."""
    told = _from_model(parsed.model) | _from_message(parsed.last_user_text)
    calls = tuple(_tool_call(call) for call in told.pop("tool_calls", ()))
    known = {item.name for item in fields(Script)}
    script = Script(**{name: told[name] for name in told.keys() & known})
    is_calling = calls and parsed.tool_rounds_done < script.tool_rounds
    return replace(script, tool_calls=calls) if is_calling else script


def _from_model(model: str) -> dict[str, Any]:
    pairs = (item.partition("=") for item in model.split(",")[1:])
    return {name: _value(name, text) for name, _, text in pairs}


def _from_message(text: str) -> dict[str, Any]:
    if not text.startswith('{"fake"'):
        return {}
    return dict(orjson.loads(text)["fake"])


def _value(name: str, text: str) -> Any:
    if name == "tool_calls":
        return text.split("+")
    default: object = Script.__dataclass_fields__[name].default
    if isinstance(default, bool):
        return text == "true"
    return type(default)(text) if isinstance(default, int | float) else text


def _tool_call(told: str | dict[str, Any]) -> ToolCall:
    return ToolCall(told) if isinstance(told, str) else ToolCall(**told)
