import pytest

from agentarium.streaming.stream_cursor import Cursor, InvalidCursorError


def test_reads_what_it_writes() -> None:
    cursor = Cursor(2, 17, 300, 4)

    assert Cursor.parse(str(cursor)) == cursor


def test_begins_at_the_beginning_when_there_is_none() -> None:
    assert Cursor.parse("") == Cursor(0, 0, 0, 0)


def test_takes_an_event_without_an_offset() -> None:
    assert Cursor.parse("3.4") == Cursor(3, 4)


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
    with pytest.raises(InvalidCursorError):
        Cursor.parse(value)
