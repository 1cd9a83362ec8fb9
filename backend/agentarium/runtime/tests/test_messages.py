from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from agentarium.runtime.messages import (
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    message_from_json,
    message_to_json,
)

texts = st.text(st.characters(codec="utf-8"))
parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(TextPart, text=texts, provider_metadata=texts),
    st.builds(ReasoningPart, text=texts, provider_metadata=texts),
    st.builds(ToolCallPart, tool_call_id=texts, name=texts, arguments=texts),
    st.builds(
        ToolResultPart,
        tool_call_id=texts,
        name=texts,
        content=texts,
        is_error=st.booleans(),
    ),
)
messages = st.builds(
    Message,
    role=st.sampled_from(["system", "user", "assistant", "tool"]),
    parts=st.lists(parts).map(tuple),
)


@given(messages)
def test_a_stored_message_reads_back_unchanged(message: Message) -> None:
    stored = orjson.dumps(message_to_json(message))

    assert message_from_json(orjson.loads(stored)) == message


@given(messages)
def test_ignores_fields_of_a_later_version(message: Message) -> None:
    stored = message_to_json(message)
    parts = [part | {"added_later": 1} for part in stored["parts"]]
    newer: dict[str, Any] = {**stored, "parts": parts, "added_later": 1}

    assert message_from_json(newer) == message
