from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentarium.runtime.messages import (
    Message,
    ModelResponse,
    ReasoningPart,
    TextPart,
    ToolCallPart,
)
from agentarium.runtime.providers.base import Delta, ReasoningDelta, TextDelta
from agentarium.runtime.thinking import ThinkingSplitter, ended_thinking, separated

CASES = [
    ("<think>\nLet me see.\n</think>\n\nFine.", "\nLet me see.\n", "Fine."),
    ("\n <think>hm</think>Fine.", "hm", "Fine."),
    ("<THINK>hm</Think>Fine.", "hm", "Fine."),
    ("<thinking>hm</thinking> Fine.", "hm", "Fine."),
    ("<thought>hm</thought>\nFine.", "hm", "Fine."),
    ("<think></think>\n\nFine.", "", "Fine."),
    ("<think>a</think>\n<think>b</think>\nFine.", "ab", "Fine."),
    ("<think>a </thi b</think> Fine.", "a </thi b", "Fine."),
    ("<think>cut off", "cut off", ""),
    ("<think>hm</think>Use <think> and </think>.", "hm", "Use <think> and </think>."),
    ("Fine.", "", "Fine."),
    ("  Fine. <think>no</think>", "", "  Fine. <think>no</think>"),
    ("<table>", "", "<table>"),
    ("<thinker>a</thinker>", "", "<thinker>a</thinker>"),
    ("<thi", "", "<thi"),
    ("", "", ""),
]


def response(*parts: TextPart | ReasoningPart | ToolCallPart) -> ModelResponse:
    return ModelResponse(Message("assistant", parts))


def text_of(deltas: list[Delta], kind: type[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, kind))


@given(places=st.lists(st.integers(0, 50), max_size=6))
@pytest.mark.parametrize(("text", "reasoning", "answer"), CASES)
def test_splits_wherever_a_piece_ends(
    text: str, reasoning: str, answer: str, places: list[int]
) -> None:
    edges = [0, *sorted(min(place, len(text)) for place in places), len(text)]
    splitter = ThinkingSplitter()

    deltas = [
        d for start, end in pairwise(edges) for d in splitter.add(text[start:end])
    ]
    deltas += splitter.finish()

    assert text_of(deltas, ReasoningDelta) == reasoning
    assert text_of(deltas, TextDelta) == answer


@pytest.mark.parametrize(("text", "reasoning", "answer"), CASES)
def test_the_response_has_what_was_streamed(
    text: str, reasoning: str, answer: str
) -> None:
    message = separated(response(TextPart(text))).message

    assert (message.reasoning, message.text) == (reasoning, answer)


def test_shows_text_immediately_if_it_cannot_be_a_tag() -> None:
    splitter = ThinkingSplitter()

    assert list(splitter.add("F")) == [TextDelta("F")]
    assert list(splitter.add("<")) == [TextDelta("<")]


def test_keeps_the_other_parts_of_a_response() -> None:
    call = ToolCallPart("a", "f", "{}")

    found = separated(response(TextPart("<think>hm</think>"), call))

    assert found.message.parts == (ReasoningPart("hm"), call)


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("Let me see.\n</think>\n\nFine.", "Let me see.\n", "Fine."),
        ("Let me see.</think>\nFine.", "Let me see.", "Fine."),
        ("Let me see.\n</think>", "Let me see.\n", ""),
        ("</think>\n\nFine.", "", "Fine."),
    ],
)
def test_an_end_tag_alone_ends_the_reasoning(
    text: str, reasoning: str, answer: str
) -> None:
    found = ended_thinking(response(TextPart(text)))

    assert found is not None
    assert (found.message.reasoning, found.message.text) == (reasoning, answer)


@pytest.mark.parametrize(
    "parts",
    [
        (TextPart("Write </think> after it."),),
        (TextPart("```\n<think>\n</think>\n```"),),
        (ReasoningPart("hm"), TextPart("The tag is\n</think>\n")),
        (TextPart("Fine."),),
        (),
    ],
)
def test_an_end_tag_that_is_quoted_ends_nothing(
    parts: tuple[TextPart | ReasoningPart, ...],
) -> None:
    assert ended_thinking(response(*parts)) is None
