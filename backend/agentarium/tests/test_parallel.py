"""Test processes that share a Redis do not receive each other's messages."""

import pytest

from agentarium.tests.parallel import PREFIX, URL, for_process


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://127.0.0.1:6379/1", "redis://127.0.0.1:6379/{}"),
        ("redis://:secret@redis:6379/1", "redis://:secret@redis:6379/{}"),
    ],
)
def test_each_process_has_its_own_prefix_and_database(url: str, expected: str) -> None:
    first, second = (for_process(number, url) for number in (0, 1))

    assert first == {PREFIX: "agentarium-0", URL: expected.format(2)}
    assert second == {PREFIX: "agentarium-1", URL: expected.format(3)}


def test_sets_no_redis_url_without_a_redis() -> None:
    assert URL not in for_process(0, "")
