"""Fixtures of the runtime's tests: the scripted provider, and a connection pool."""

from collections.abc import AsyncIterator

import pytest

from agentarium.runtime.providers.http import HttpPool
from bench.fake_provider import FakeProvider


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    async with FakeProvider() as server:
        yield server


@pytest.fixture
async def pool() -> AsyncIterator[HttpPool]:
    connections = HttpPool()
    yield connections
    await connections.aclose()
