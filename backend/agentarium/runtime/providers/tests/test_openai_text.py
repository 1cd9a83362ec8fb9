"""What servers send that is not quite JSON or not quite Unicode."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentarium.runtime.providers.openai.events import GarbledEventError, objects_in
from agentarium.runtime.providers.openai.text_repair import TextRepair, repaired

TEXT = "a\u00e9\u20ac\U0001f600\U0001f44d z"


def joined(pieces: list[str]) -> str:
    repair = TextRepair()
    return "".join([*map(repair.add, pieces), repair.finish()])


def split(text: str, places: list[int]) -> list[str]:
    edges = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


class TestTextRepair:
    @given(st.lists(st.integers(0, 50), max_size=8))
    def test_joins_characters_split_into_surrogates(self, places: list[int]) -> None:
        units = TEXT.encode("utf-16-le", "surrogatepass")
        pairs = [units[start : start + 2] for start in range(0, len(units), 2)]
        text = "".join(pair.decode("utf-16-le", "surrogatepass") for pair in pairs)

        assert joined(split(text, places)) == TEXT

    @given(st.lists(st.integers(0, 50), max_size=8))
    def test_joins_characters_split_into_bytes(self, places: list[int]) -> None:
        text = TEXT.encode().decode("ascii", "surrogateescape")

        assert joined(split(text, places)) == TEXT

    @given(st.lists(st.text(st.characters(), max_size=4), max_size=6))
    def test_yields_valid_text_whatever_comes(self, pieces: list[str]) -> None:
        joined(pieces).encode()

    @pytest.mark.parametrize(
        ("pieces", "text"),
        [
            (["a\ud83d", "b"], "a\ufffdb"),
            (["a\ud83d"], "a\ufffd"),
            (["\ude00a"], "\ufffda"),
            (["a\udcf0\udc9f", " b"], "a\ufffd b"),
            (["a\udcf0\udc9f"], "a\ufffd"),
        ],
    )
    def test_marks_what_belongs_to_no_character(
        self, pieces: list[str], text: str
    ) -> None:
        assert joined(pieces) == text

    def test_yields_what_is_complete_immediately(self) -> None:
        repair = TextRepair()

        assert [repair.add("Hi \ud83d"), repair.add("\ude00!")] == [
            "Hi ",
            "\U0001f600!",
        ]

    def test_repairs_a_complete_text(self) -> None:
        assert repaired("\ud83d\ude00\ud83d") == "\U0001f600\ufffd"


class TestObjectsIn:
    @pytest.mark.parametrize(
        "event",
        [b"", b"ping", b"null", b"7", b'"ok"', b"[]", b'[{"a": 1}]', b": hi", b"\xff"],
    )
    def test_skips_an_event_that_is_no_object(self, event: bytes) -> None:
        assert objects_in(event) == []

    @pytest.mark.parametrize(
        "event",
        [
            b'{"a": "x"}',
            b'{"a": "x", "b": NaN}',
            b'{"b": -Infinity, "a": "x"}',
            b'{"a": "x", "b": "\\ud83d"}',
            b'{"a": "x", "b": "\xf0\x9f"}',
            b'{"a": "x", "b": "tab\there"}',
            b'data: {"a": "x"}',
            b'{"a": "x"}\n',
        ],
    )
    def test_reads_an_object_that_is_not_strict_json(self, event: bytes) -> None:
        (found,) = objects_in(event)

        assert found["a"] == "x"

    @pytest.mark.parametrize("separator", [b"", b" ", b"\n", b"\r\n"])
    def test_reads_several_objects_in_one_event(self, separator: bytes) -> None:
        assert objects_in(b'{"a": 1}' + separator + b'{"a": 2}') == [
            {"a": 1},
            {"a": 2},
        ]

    @pytest.mark.parametrize(
        "event", [b'{"a": ', b"{not json", b'{"a": 1} x', b'{"a": ' + b"[" * 200_000]
    )
    def test_refuses_what_only_begins_like_an_object(self, event: bytes) -> None:
        with pytest.raises(GarbledEventError):
            objects_in(event)
