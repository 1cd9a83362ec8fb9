from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentarium.runtime.providers.openai.sse import (
    MAX_EVENT_BYTES,
    BodyReader,
    EventTooLongError,
    SseParser,
)

STREAM = (
    ": a comment\n\n"
    "event: message\r\nid: 7\r\ndata: grüße 🌍\r\n\r\n"
    "data:{\ndata: }\n\n"
    "retry: 3\rdata: old\r\r"
    "data: [DONE]\n\n"
).encode()
EVENTS = ["grüße 🌍".encode(), b"{\n}", b"old", b"[DONE]"]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_parses_the_same_events_wherever_the_network_splits(splits: list[int]) -> None:
    assert read(SseParser(), STREAM, splits) == EVENTS


def read(parser: SseParser | BodyReader, body: bytes, splits: list[int]) -> list[bytes]:
    """The events of a body that arrives in pieces."""
    edges = [0, *sorted(splits), len(body)]
    events = [
        event
        for start, end in pairwise(edges)
        for event in parser.feed(body[start:end])
    ]
    return events + parser.close()


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


MARK = b"\xef\xbb\xbf"


@given(st.lists(st.integers(0, 12), max_size=4))
@pytest.mark.parametrize(
    ("body", "events"),
    [
        (b'data: {"a": 1}\n\n', [b'{"a": 1}']),
        (MARK + b'data: {"a": 1}\n\n', [b'{"a": 1}']),
        (b"\r\n: hi\r\n\r\ndata: 1\r\n\r\n", [b"1"]),
        (b'{"a": "data: 1\\n\\n"}', [b'{"a": "data: 1\\n\\n"}']),
        (MARK + b'\n {"a": 1}', [b'{"a": 1}']),
        (b"", []),
        (MARK, []),
        (b"Not found.", []),
    ],
)
def test_recognizes_a_body_by_its_beginning(
    body: bytes, events: list[bytes], splits: list[int]
) -> None:
    splits = [min(split, len(body)) for split in splits]

    assert read(BodyReader(), body, splits) == events


@pytest.mark.parametrize("body", [b"<!doctype html>", MARK + b" <?xml?>"])
def test_recognizes_a_page(body: bytes) -> None:
    reader = BodyReader()

    reader.feed(body)

    assert reader.is_page


def test_rejects_a_whole_body_that_is_too_long() -> None:
    reader = BodyReader()

    reader.feed(b'{"a": "')
    with pytest.raises(EventTooLongError):
        reader.feed(b"x" * (4 * MAX_EVENT_BYTES))
