"""Assembles the tool calls of one response from the pieces of a stream."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from agentarium.runtime.messages import ToolCallPart
from agentarium.runtime.providers.call_ids import new_call_id, usable_call_id
from agentarium.runtime.providers.openai.metadata import OpaqueFields
from agentarium.runtime.providers.openai.text_repair import repaired
from agentarium.runtime.providers.provider_metadata import packed


class CallBuilder:
    """The calls of one response, told apart by their place.

    Servers number calls by `index`, but some leave it out or send 0 for all of them, some
    use the tool's name as the id of each call, and some send each piece of one call
    with a new id.
    """

    def __init__(self) -> None:
        self._calls: list[_Call] = []

    def __bool__(self) -> bool:
        return bool(self._calls)

    @property
    def are_complete(self) -> bool:
        """Whether the arguments of all calls are JSON objects."""
        return all(call.is_complete for call in self._calls)

    def add(self, fragments: Sequence[Mapping[str, Any]]) -> int:
        """Add the pieces that came together. Returns about how many characters."""
        began: set[int] = set()
        size = 0
        for fragment in fragments:
            call = self._call_for(fragment, began)
            began.add(id(call))
            size += call.add(fragment)
        return size

    def parts(self, provider: str) -> list[ToolCallPart]:
        """The calls, each with an id of its own."""
        used: set[str] = set()
        parts = []
        for call in self._calls:
            part = call.part(provider, used)
            used.add(part.tool_call_id)
            parts.append(part)
        return parts

    def _call_for(self, fragment: Mapping[str, Any], began: set[int]) -> "_Call":
        """The call that a piece continues or repeats, or a new one.

        `began` has the calls that other pieces of the same chunk belong to: one chunk
        has at most one piece of a call.
        """
        index = fragment.get("index")
        found = (c for c in reversed(self._calls) if index in (None, c.index))
        call = next(found, None)
        if call and call.is_continued_by(fragment, is_same_chunk=id(call) in began):
            return call
        call = _Call(len(self._calls) if index is None else index)
        self._calls.append(call)
        return call


class _Call:
    """A tool call that is being assembled."""

    __slots__ = ("_arguments", "_function_fields", "_id", "_name", "_opaque", "index")

    def __init__(self, index: Any) -> None:
        self.index = index
        self._id = ""
        self._name = ""
        self._arguments: list[str] = []
        self._opaque = OpaqueFields()
        self._function_fields = OpaqueFields()

    @property
    def _joined(self) -> str:
        return "".join(self._arguments)

    @property
    def is_complete(self) -> bool:
        """Whether the arguments are a JSON object, or there are none."""
        text = self._joined.strip()
        if not text.endswith("}"):
            return not text
        try:
            return isinstance(orjson.loads(text), dict)
        except orjson.JSONDecodeError:
            return False

    def is_continued_by(
        self, fragment: Mapping[str, Any], *, is_same_chunk: bool
    ) -> bool:
        """Whether a piece with the same index belongs to this call."""
        name = _function(fragment).get("name")
        if not name or not self._name:
            return True
        if name != self._name or is_same_chunk:
            return False
        arguments = _arguments(fragment)
        has_same_id = fragment.get("id") in (None, "", self._id)
        has_index = fragment.get("index") is not None
        if not self._arguments:
            return has_same_id or (has_index and bool(arguments))
        if not self.is_complete:
            is_head = not has_same_id and arguments.lstrip().startswith("{")
            return has_index or not is_head
        # Some servers repeat whole calls at the end of the stream.
        is_repetition = bool(fragment.get("id")) and arguments == self._joined
        return has_same_id and (not arguments or is_repetition)

    def add(self, fragment: Mapping[str, Any]) -> int:
        """Add a piece. Returns about how many characters."""
        function = _function(fragment)
        arguments = _arguments(fragment)
        if function.get("name") and self._arguments and self.is_complete:
            arguments = ""
        self._id = self._id or _text(fragment.get("id"))
        self._name = self._name or _text(function.get("name"))
        if arguments and self._arguments == ["{}"]:
            # Some servers begin each call with an empty object.
            self._arguments.clear()
        if arguments:
            self._arguments.append(arguments)
        size = len(arguments) + self._opaque.add_call(fragment)
        return size + self._function_fields.add_function(function)

    def part(self, provider: str, used: set[str]) -> ToolCallPart:
        tool_call_id = usable_call_id(self._id, used) or new_call_id()
        return ToolCallPart(
            tool_call_id=tool_call_id,
            name=repaired(self._name),
            arguments=repaired(self._joined) or "{}",
            provider_metadata=packed(
                provider,
                call_id="" if tool_call_id == self._id else repaired(self._id),
                fields=self._opaque.as_dict(),
                function_fields=self._function_fields.as_dict(),
            ),
        )


def _function(fragment: Mapping[str, Any]) -> Mapping[str, Any]:
    return fragment.get("function") or {}


def _arguments(fragment: Mapping[str, Any]) -> str:
    arguments = _function(fragment).get("arguments")
    if isinstance(arguments, str):
        return arguments
    return orjson.dumps(arguments).decode() if arguments else ""


def _text(value: Any) -> str:
    return "" if value is None else str(value)
