from collections.abc import AsyncIterator

import aiohttp
import orjson
import pytest

from bench.client import Account
from bench.fake_provider.script import STAMP
from bench.fake_provider.server import FakeProvider
from bench.readers import Reader, verified_lags

ACCOUNT = Account("http://127.0.0.1:1", "token", 1)
STAMPS = b"@0000000001.500000", b"@0000000002.500000"


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    async with FakeProvider() as provider:
        yield provider


@pytest.mark.parametrize("cut", range(1, 40))
async def test_finds_stamps_wherever_the_data_is_split(cut: int) -> None:
    reader = Reader(ACCOUNT, 1)
    data = b"data: " + STAMPS[0] + b"\n" + STAMPS[1] + b"\n\nevent: task.completed\n"

    reader.data_received(data[:cut])
    reader.data_received(data[cut:])

    assert reader.stamps == list(STAMPS)
    assert reader.is_complete


async def test_rejects_output_that_differs_from_the_stored_output() -> None:
    reader = Reader(ACCOUNT, 1)
    reader.data_received(STAMPS[0] + b"\nevent: task.completed\n")

    with pytest.raises(AssertionError):
        list(verified_lags([reader], {1: STAMPS[1].decode()}))


async def test_the_provider_stamps_its_pieces_once_the_gate_is_open(
    provider: FakeProvider,
) -> None:
    script = {"text": STAMP, "gate": "here", "is_stamped": True, "delay": 0.001}
    message = {"role": "user", "content": orjson.dumps({"fake": script}).decode()}
    body = {"model": "fake", "messages": [message], "stream": True}

    async with aiohttp.ClientSession(provider.url) as http:
        async with http.post("/__open/here"):
            pass
        async with http.post("/v1/chat/completions", json=body) as response:
            content = await response.text()

    assert STAMP not in content
    assert "@0000" in content
