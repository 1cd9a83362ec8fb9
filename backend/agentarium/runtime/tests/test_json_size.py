"""Counting values before parsing."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentarium.runtime.json_size import (
    MAX_CONTAINERS,
    ValueCounter,
    has_too_many_containers,
)

TEXTS = st.text(alphabet='a,[{"\\]}:é', max_size=8)
JSON = st.recursive(
    st.none() | st.integers() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=20,
)


def counted(data: bytes, size: int = 1_000) -> int:
    counter = ValueCounter()
    for start in range(0, len(data), size):
        counter.feed(data[start : start + size])
    return counter.values


def separators(value: Any) -> int:
    """The brackets and commas of a value's JSON, which are not in strings."""
    if not isinstance(value, dict | list):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return max(1, len(value)) + sum(map(separators, inner))


@given(value=JSON, size=st.integers(1, 9), is_ascii=st.booleans())
def test_counts_what_is_not_in_strings(
    *, value: Any, size: int, is_ascii: bool
) -> None:
    data = json.dumps(value, ensure_ascii=is_ascii).encode()
    quotes = data.replace(b"\\\\", b"").replace(b'\\"', b"").count(b'"')

    assert counted(data, size) == max(separators(value), quotes // 4)


def test_an_open_quote_in_a_line_of_an_event_hides_nothing() -> None:
    event = b': "\nid: "\ndata: [1,2,3,4,5,6,7,8]\n\n'

    assert counted(event) == 8


def test_counts_quotes_that_are_no_json() -> None:
    assert counted(b'"' * 400) == 100


@pytest.mark.parametrize("text", ["[" * MAX_CONTAINERS, "[{" * (MAX_CONTAINERS // 2)])
def test_limits_arrays_and_objects(text: str) -> None:
    assert not has_too_many_containers(text)
    assert has_too_many_containers(text + "{")
    assert has_too_many_containers((text + "{").encode())
