"""What is sent back to a provider, whatever models said before."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentarium.runtime.messages import (
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    system_message,
    user_message,
)
from agentarium.runtime.providers.history import valid_history
from agentarium.runtime.providers.provider_metadata import packed


def sent(*messages: Message) -> list[Message]:
    return valid_history(messages, provider="fake")


def response(*parts: Part) -> Message:
    return Message("assistant", parts)


def result(tool_call_id: str, content: str = "sun", name: str = "f") -> Message:
    return Message("tool", (ToolResultPart(tool_call_id, name, content),))


HI = user_message("hi")


def sent_call(call: ToolCallPart) -> ToolCallPart:
    """A call as it is sent, after it was made."""
    messages = sent(HI, response(call), result(call.tool_call_id))
    (only,) = messages[1].tool_calls
    return only


def test_leaves_a_valid_conversation_as_it_is() -> None:
    messages = [
        system_message("Be brief."),
        HI,
        response(
            ReasoningPart("hm"), TextPart("Let me see."), ToolCallPart("a", "f", "{}")
        ),
        result("a"),
        response(TextPart("Sun.")),
        user_message("And now?"),
    ]

    assert sent(*messages) == messages


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('{"x": 1}', {"x": 1}),
        ("", {}),
        ("null", {}),
        ('"{\\"x\\": 1}"', {"x": 1}),
        ('{"x": ', {"invalid_arguments": '{"x": '}),
        ("[1]", {"invalid_arguments": "[1]"}),
        ("7", {"invalid_arguments": "7"}),
        ('{"x": 1}{"y": 2}', {"invalid_arguments": '{"x": 1}{"y": 2}'}),
        ("\ud83d", {"invalid_arguments": "?"}),
        ("[" * 200_000, {"invalid_arguments": "[" * 2_000}),
    ],
)
def test_arguments_are_an_object(arguments: str, expected: Any) -> None:
    call = sent_call(ToolCallPart("a", "f", arguments))

    assert orjson.loads(call.arguments or "{}") == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "unnamed_tool"),
        ("look.up it", "look_up_it"),
        ("x" * 100, "x" * 64),
        ("\u0627", "_"),
    ],
)
def test_names_of_tools_are_valid(name: str, expected: str) -> None:
    assert sent_call(ToolCallPart("a", name, "{}")).name == expected


@pytest.mark.parametrize(
    "parts", [(), (TextPart(""),), (TextPart(" \n"),), (ReasoningPart("hm"),)]
)
def test_an_empty_turn_is_left_out(parts: tuple[Part, ...]) -> None:
    assert sent(HI, response(*parts)) == [HI]


def test_empty_text_next_to_a_call_is_left_out() -> None:
    call = ToolCallPart("a", "f", "{}")

    assert sent(HI, response(TextPart(""), call), result("a"))[1] == response(call)


def test_questions_in_a_row_become_one() -> None:
    assert sent(HI, response(), user_message("there")) == [user_message("hi\n\nthere")]


def test_empty_instructions_are_left_out() -> None:
    assert sent(system_message(" "), HI) == [HI]


def test_an_empty_result_says_so() -> None:
    messages = sent(HI, response(ToolCallPart("a", "f", "{}")), result("a", " "))

    assert messages[2] == result("a", "(no output)")


def test_ids_are_unique_in_the_conversation() -> None:
    turn = [response(ToolCallPart("call_0", "f", "{}")), result("call_0")]

    messages = sent(HI, *turn, *turn, *turn)

    calls = [call.tool_call_id for message in messages for call in message.tool_calls]
    results = [
        p.tool_call_id
        for m in messages
        for p in m.parts
        if isinstance(p, ToolResultPart)
    ]
    assert calls == results
    assert len(set(calls)) == 3
    assert calls[0] == "call_0"
    assert messages == sent(HI, *turn, *turn, *turn)


def test_results_of_calls_with_one_id_are_told_apart_by_their_order() -> None:
    calls = [ToolCallPart("f", "f", '{"x": 1}'), ToolCallPart("f", "f", '{"x": 2}')]

    messages = sent(HI, response(*calls), result("f", "one"), result("f", "two"))

    first, second = messages[1].tool_calls
    assert messages[2:] == [
        result(first.tool_call_id, "one"),
        result(second.tool_call_id, "two"),
    ]
    assert first.tool_call_id != second.tool_call_id


def test_a_call_has_the_id_that_its_provider_gave_it() -> None:
    own = packed("fake", call_id="x" * 900)
    foreign = packed("other", call_id="y" * 900)
    calls = [ToolCallPart("a", "f", "{}", own), ToolCallPart("b", "f", "{}", foreign)]

    messages = sent(HI, response(*calls), result("b"), result("a"))

    assert [call.tool_call_id for call in messages[1].tool_calls] == ["x" * 900, "b"]
    assert messages[2:] == [result("b"), result("x" * 900)]


def test_a_call_without_a_result_gets_one() -> None:
    call = ToolCallPart("a", "f", "{}")

    messages = sent(HI, response(call), user_message("Never mind."))

    no_result = ToolResultPart(
        "a", "f", "The task ended before this call had a result.", is_error=True
    )
    assert messages[2:] == [Message("tool", (no_result,)), user_message("Never mind.")]


def test_a_result_without_a_call_is_left_out() -> None:
    assert sent(HI, result("a"), response(TextPart("Sun.")))[1:] == [
        response(TextPart("Sun."))
    ]


texts = st.text(max_size=3)
ids = st.sampled_from(["", "a", "b"])
said = st.one_of(
    st.builds(TextPart, texts),
    st.builds(ReasoningPart, texts),
    st.builds(ToolCallPart, ids, texts, texts),
)
turns = st.one_of(
    st.builds(user_message, texts),
    st.builds(result, ids, texts),
    st.lists(said, max_size=3).map(lambda parts: response(*parts)),
)


@given(st.lists(turns))
def test_any_conversation_becomes_a_valid_one(messages: list[Message]) -> None:
    history = sent(*messages)

    open_ids: list[str] = []
    seen: set[str] = set()
    for message in history:
        if message.role == "tool":
            (part,) = message.parts
            assert isinstance(part, ToolResultPart)
            open_ids.remove(part.tool_call_id)
            continue
        assert not open_ids
        assert message.text.strip() or message.tool_calls
        assert all(call.tool_call_id and call.name for call in message.tool_calls)
        open_ids = [call.tool_call_id for call in message.tool_calls]
        assert len({*open_ids} - seen) == len(open_ids)
        seen |= {*open_ids}
    assert not open_ids
