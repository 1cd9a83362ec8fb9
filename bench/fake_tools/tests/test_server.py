"""The fake tool server, which the chaos runs rely on."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from agentarium.tests.eventually import eventually

from bench.fake_tools.server import FakeTools


@pytest.fixture
async def tools() -> AsyncIterator[FakeTools]:
    async with FakeTools() as tools:
        yield tools


@pytest.fixture
async def client(tools: FakeTools) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(tools.url) as client:
        yield client


async def test_counts_calls_and_effects_by_key(
    client: aiohttp.ClientSession,
) -> None:
    for key in ("a", "a", "b"):
        await client.post("/do/pay", headers={"Idempotency-Key": key})
    await client.post("/do/send")
    await client.post("/do/send?status=500")

    async with client.get("/__stats") as response:
        stats = await response.json()

    assert stats["calls"] == {"pay": 3, "send": 2}
    assert stats["done"] == {"pay": 2, "send": 1}
    assert stats["done_by_key"] == {"a": 1, "b": 1}
    assert stats["open"] == 0


async def test_has_the_effect_and_closes_the_connection(
    tools: FakeTools, client: aiohttp.ClientSession
) -> None:
    with pytest.raises(aiohttp.ClientError):
        await client.post("/do/pay?cut=1")

    assert tools.stats.done == {"pay": 1}


async def test_counts_clients_that_disconnect(
    tools: FakeTools, client: aiohttp.ClientSession
) -> None:
    call = asyncio.ensure_future(client.post("/do/pay?delay=60"))
    await eventually("the call to arrive", lambda: tools.stats.open == 1)

    call.cancel()

    await eventually(
        "the disconnect to be counted", lambda: tools.stats.closed_by_client == 1
    )
    assert not tools.stats.done


async def test_resets_its_counts(
    tools: FakeTools, client: aiohttp.ClientSession
) -> None:
    await client.post("/do/pay")

    await client.post("/__reset")

    assert not tools.stats.calls
