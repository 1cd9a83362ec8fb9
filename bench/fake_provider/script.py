"""The script of a response of the fake provider, and how a request carries it.

It is either in the model's name (`fake,pieces=50,delay=0.02`), or in the last user
message, as a JSON object with a `fake` member (`{"fake": {"pieces": 50}}`), which takes
precedence. The defaults give a short response immediately.
"""

import time
from dataclasses import dataclass, field, fields, replace
from itertools import pairwise
from typing import Any, Literal

import orjson

Then = Literal["finish", "error", "cut", "end", "garbage", "hang"]


# A placeholder for the monotonic clock in seconds, of the same length.
STAMP = "@0000000000.000000"


def stamped(frame: bytes) -> bytes:
    return frame.replace(STAMP.encode(), f"@{time.monotonic():017.6f}".encode())


@dataclass(frozen=True, slots=True)
class ToolCall:
    name: str
    arguments: str = "{}"


@dataclass(frozen=True, slots=True)
class Script:
    """One response.

    `then` is what follows the last piece: the regular end (`finish`), an error object
    (`error`), a closed connection (`cut`), the end of the body without the end of the
    response (`end`), bytes that are not an event (`garbage`), or silence (`hang`).

    A request with the parameter `refuses`, or with `pictures`, is rejected, with the name of the parameter or
    with the message `complaint`. `delay` is the pause in seconds before each piece but
    the first, `first_delay` the one before the first byte. The first `tool_rounds`
    responses request the `tool_calls`, and the next one has the text; OpenAI streams
    tool calls in pieces, Mistral whole. If `gate` names a gate, nothing is sent before it
    is opened. `is_stamped` replaces each `STAMP` in the text by the time of sending. The
    text is sent `repeats` times, so that a short request gets a long response.
    """

    text: str = "This is the fake provider's answer."
    repeats: int = 1
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
        """The text in `pieces` parts of about equal length, none of them empty."""
        text = self.text * self.repeats
        count = max(1, min(self.pieces, len(text)))
        size, remainder = divmod(len(text), count)
        starts = [number * size + min(number, remainder) for number in range(count + 1)]
        return [text[start:end] for start, end in pairwise(starts) if end > start]

    @property
    def output_tokens(self) -> int:
        return max(1, len(self.text_pieces))


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """What matters of a request, in any API."""

    model: str
    last_user_text: str = ""
    tool_rounds_done: int = 0
    is_stream: bool = False
    body: dict[str, Any] = field(default_factory=dict)


def script_for(parsed: ParsedRequest) -> Script:
    """The script that a request carries."""
    options = _from_model(parsed.model) | _from_message(parsed.last_user_text)
    calls = tuple(_tool_call(call) for call in options.pop("tool_calls", ()))
    known = {item.name for item in fields(Script)}
    script = Script(**{name: options[name] for name in options.keys() & known})
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


def _tool_call(call: str | dict[str, Any]) -> ToolCall:
    return ToolCall(call) if isinstance(call, str) else ToolCall(**call)
