from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentarium.runtime.providers.openai.sse import (
    MAX_EVENT_BYTES,
    EventTooLongError,
    SseParser,
)

STREAM = (
    ": a comment\n\n"
    "event: message\r\nid: 7\r\ndata: grüße 🌍\r\n\r\n"
    "data:{\ndata: }\n\n"
    "retry: 3\n"
    "data: [DONE]\n\n"
).encode()
EVENTS = ["grüße 🌍".encode(), b"{\n}", b"[DONE]"]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_parses_the_same_events_wherever_the_network_splits(splits: list[int]) -> None:
    parser = SseParser()
    edges = [0, *sorted(splits), len(STREAM)]

    events = [
        event
        for start, end in pairwise(edges)
        for event in parser.feed(STREAM[start:end])
    ]

    assert events == EVENTS


def test_returns_the_last_event_without_its_empty_line() -> None:
    parser = SseParser()

    assert parser.feed(b"data: one\n\ndata: two") == [b"one"]
    assert parser.close() == [b"two"]


def test_rejects_an_event_that_is_too_long() -> None:
    parser = SseParser()

    parser.feed(b"data: " + b"x" * (MAX_EVENT_BYTES - 6))
    with pytest.raises(EventTooLongError):
        parser.feed(b"x")


@pytest.mark.parametrize("line", [b"data:\n", b"data: \r\n", b"data:x\n"])
def test_rejects_an_event_of_too_many_lines(line: bytes) -> None:
    parser = SseParser()

    assert parser.feed(line * (MAX_EVENT_BYTES // len(line) - 1)) == []
    with pytest.raises(EventTooLongError):
        parser.feed(line * 2)


def test_counts_the_lines_of_each_event_for_itself() -> None:
    parser = SseParser()
    event = b"data:" + b"x" * 5_000_000 + b"\ndata:\n\n"

    assert [len(parser.feed(event)) for _ in range(3)] == [1] * 3
