import pytest

from agentarium.streaming.stream_cursor import InvalidStreamCursorError, StreamCursor


def test_reads_what_it_writes() -> None:
    cursor = StreamCursor(2, 17, 300, 4)

    assert StreamCursor.parse(str(cursor)) == cursor


def test_begins_at_the_beginning_when_there_is_none() -> None:
    assert StreamCursor.parse("") == StreamCursor(0, 0, 0, 0)


def test_takes_an_event_without_an_offset() -> None:
    assert StreamCursor.parse("3.4") == StreamCursor(3, 4)


@pytest.mark.parametrize(
    "value",
    [
        "x",
        "1",
        "1.",
        "1.2.3",
        "-1.2",
        "1.2.3.4.5",
        "9999999999.1",
        "\u0661.\u0662",
        "1.2\n",
    ],
)
def test_refuses_anything_else(value: str) -> None:
    with pytest.raises(InvalidStreamCursorError):
        StreamCursor.parse(value)
