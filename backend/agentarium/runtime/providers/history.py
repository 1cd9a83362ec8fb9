"""Makes a conversation valid for the strictest provider.

What models said is stored as it came. Sent back like that, it can make a provider refuse
the whole conversation: arguments that are cut off, a tool without a name, an empty turn,
two calls with one id, a call without a result, two questions in a row.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256

import orjson

from agentarium.runtime.arguments import ArgumentsError, plain_arguments
from agentarium.runtime.messages import (
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from agentarium.runtime.providers.provider_metadata import unpacked

_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")
_MAX_NAME_CHARS = 64
_NO_NAME = "unnamed_tool"
_MAX_INVALID_CHARS = 2_000
_NO_RESULT = "The task ended before this call had a result."
_NO_OUTPUT = "(no output)"
# Mistral accepts only ids of this length.
_NEW_ID_CHARS = 9


def valid_history(messages: Sequence[Message], *, provider: str) -> list[Message]:
    """The messages as a provider accepts them.

    Each call has the id that this provider gave it, or another one if that is not unique
    in the conversation. `provider` is the name in its `provider_metadata`.
    """
    turns = _Turns(provider)
    for message in messages:
        turns.add(message)
    return turns.finish()


class _Turns:
    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._messages: list[Message] = []
        # The calls of the last response, with their ids here and for the provider.
        self._open: list[tuple[str, ToolCallPart]] = []
        self._used_ids: set[str] = set()

    def add(self, message: Message) -> None:
        if message.role == "tool":
            for part in message.parts:
                if isinstance(part, ToolResultPart):
                    self._add_result(part)
            return
        self._close_calls()
        if message.role == "assistant":
            self._add_response(message)
        elif message.text.strip():
            self._add_text(message)

    def finish(self) -> list[Message]:
        self._close_calls()
        return self._messages

    def _add_text(self, message: Message) -> None:
        """Add a question or instructions; two questions in a row become one message."""
        last = self._messages[-1] if self._messages else None
        if last is not None and last.role == message.role:
            text = f"{last.text}\n\n{message.text}"
            self._messages[-1] = Message(message.role, (TextPart(text),))
        else:
            self._messages.append(message)

    def _add_response(self, message: Message) -> None:
        parts = tuple(self._valid_parts(message))
        if any(not isinstance(part, ReasoningPart) for part in parts):
            self._messages.append(Message("assistant", parts))
        else:
            self._open = []

    def _valid_parts(self, message: Message) -> Iterator[Part]:
        for part in message.parts:
            if isinstance(part, TextPart) and self._is_blank(part):
                continue
            if isinstance(part, ToolCallPart):
                call = self._valid_call(part)
                self._open.append((part.tool_call_id, call))
                yield call
            else:
                yield part

    def _is_blank(self, part: TextPart) -> bool:
        # Google signs the end of an answer in a part without text.
        return not (
            part.text.strip() or unpacked(part.provider_metadata, self._provider)
        )

    def _valid_call(self, part: ToolCallPart) -> ToolCallPart:
        own = unpacked(part.provider_metadata, self._provider).get("call_id")
        call_id = own if isinstance(own, str) and own else part.tool_call_id
        if not call_id or call_id in self._used_ids:
            place = f"{len(self._messages)}/{len(self._open)}/{call_id}"
            call_id = sha256(place.encode()).hexdigest()[:_NEW_ID_CHARS]
        self._used_ids.add(call_id)
        return replace(
            part,
            tool_call_id=call_id,
            name=_valid_name(part.name),
            arguments=_valid_arguments(part.arguments),
        )

    def _add_result(self, result: ToolResultPart) -> None:
        """Add the result of the first open call with its id. Others have no call."""
        for place, (call_id, call) in enumerate(self._open):
            if call_id == result.tool_call_id:
                del self._open[place]
                self._append_result(call, result.content, is_error=result.is_error)
                return

    def _close_calls(self) -> None:
        """Give each call without a result one that says so."""
        for _, call in self._open:
            self._append_result(call, _NO_RESULT, is_error=True)
        self._open = []

    def _append_result(
        self, call: ToolCallPart, content: str, *, is_error: bool
    ) -> None:
        content = content if content.strip() else _NO_OUTPUT
        part = ToolResultPart(call.tool_call_id, call.name, content, is_error)
        self._messages.append(Message("tool", (part,)))


def _valid_name(name: str) -> str:
    return _NOT_IN_NAMES.sub("_", name)[:_MAX_NAME_CHARS] or _NO_NAME


def _valid_arguments(text: str) -> str:
    try:
        return plain_arguments(text)
    except ArgumentsError:
        invalid = text[:_MAX_INVALID_CHARS]
        # What is cut off or encoded may end within a character.
        invalid = invalid.encode("utf-8", "replace").decode()
        return orjson.dumps({"invalid_arguments": invalid}).decode()
