import pytest

from agentarium.streaming.stream_cursor import InvalidStreamCursorError, StreamCursor


def test_parses_its_own_string() -> None:
    cursor = StreamCursor(2, 17, 300, 4)

    assert StreamCursor.parse(str(cursor)) == cursor


def test_an_empty_string_is_the_start_of_the_stream() -> None:
    assert StreamCursor.parse("") == StreamCursor(0, 0, 0, 0)


def test_the_text_lengths_are_optional() -> None:
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
def test_refuses_an_invalid_string(value: str) -> None:
    with pytest.raises(InvalidStreamCursorError):
        StreamCursor.parse(value)
