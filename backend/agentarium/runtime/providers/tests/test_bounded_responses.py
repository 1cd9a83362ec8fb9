"""How much of a provider's response is read."""

import httpx2
import pytest

from agentarium.runtime.json_size import MAX_CONTAINERS
from agentarium.runtime.providers.pydantic_ai import bounded_responses


async def test_refuses_a_response_that_is_compressed_all_the_same() -> None:
    response = httpx2.Response(200, headers={"Content-Encoding": "gzip"})

    with pytest.raises(bounded_responses.UnusableResponseError):
        await bounded_responses.bound_response(response)


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_counts_each_event_for_itself_wherever_the_network_splits(
    end: bytes, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_responses.EventCounter, "max_bytes", 200)
    stream = (b"data: " + b"x" * 80 + end) * 20
    counter = bounded_responses.EventCounter()

    chunks = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert all(map(counter.add, chunks))
    assert not all(map(counter.add, [b"data:\n"] * 60))


def test_counts_the_containers_of_a_body() -> None:
    counter = bounded_responses.BodyCounter()

    assert counter.add(b"[],{}" * (MAX_CONTAINERS // 2))
    assert not counter.add(b"[]")
