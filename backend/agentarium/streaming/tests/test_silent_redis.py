"""Pub/sub over connections that stay open and carry nothing any more, or slowly."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from structlog.testing import capture_logs

from agentarium.core.outages import uses_out_of_order
from agentarium.streaming import redis_pubsub
from agentarium.streaming.pubsub import Subscription
from agentarium.streaming.redis_pubsub import RedisPubSub
from agentarium.tests.eventually import eventually
from agentarium.tests.silent_proxy import SilentProxy

CHANNEL = "task:1"
USES = ["receiving live output", "sending live output"]


@pytest.fixture(autouse=True)
def _short_times(no_outages: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {
        "CONNECT_SECONDS": 1.0,
        "ANSWER_SECONDS": 1.0,
        "RECONNECT_SECONDS": 0.1,
        "PING_SECONDS": 0.1,
        "LATE_SECONDS": 0.5,
        "SILENT_SECONDS": 1.0,
        "POLL_SECONDS": 0.1,
    }.items():
        monkeypatch.setattr(redis_pubsub, name, seconds)


@pytest.fixture
def proxy() -> Iterator[SilentProxy]:
    server = urlsplit(settings.REDIS_URL)
    proxy = SilentProxy(server.hostname or "", server.port or 0)
    yield proxy
    proxy.close()


@asynccontextmanager
async def running(proxy: SilentProxy) -> AsyncIterator[RedisPubSub]:
    pubsub = RedisPubSub(f"redis://127.0.0.1:{proxy.port}/1", prefix="test")
    work = asyncio.create_task(pubsub.run())
    yield pubsub
    work.cancel()
    await asyncio.wait([work])


async def exchange(sender: RedisPubSub, reader: Subscription) -> None:
    """Publish until a message arrives."""
    numbers = itertools.count()

    async def arrives() -> bool:
        sender.publish(CHANNEL, {"number": next(numbers)})
        return bool(await reader.take(timeout=0.05))

    await eventually("a message", arrives)


async def test_replaces_open_connections_that_are_silent(proxy: SilentProxy) -> None:
    async with running(proxy) as sender, running(proxy) as receiver:
        with receiver.subscribe(CHANNEL) as reader:
            await exchange(sender, reader)
            made = proxy.connections
            proxy.silence()
            await eventually("new connections", lambda: proxy.connections >= made + 4)
            await exchange(sender, reader)

            await eventually("the end of the outage", _is_over)


async def test_readers_poll_while_redis_is_silent(proxy: SilentProxy) -> None:
    async with running(proxy) as sender, running(proxy) as receiver:
        with receiver.subscribe(CHANNEL) as reader:
            await exchange(sender, reader)
            proxy.silence(new_ones_too=True)
            await eventually("the outage", lambda: uses_out_of_order("redis") == USES)
            polls = [await reader.take(timeout=30) for _ in range(3)]
            proxy.end_silence()
            await exchange(sender, reader)

    assert polls == [None] * 3


async def test_an_outage_is_logged_twice(proxy: SilentProxy) -> None:
    with capture_logs() as lines:
        async with running(proxy) as sender, running(proxy) as receiver:
            with receiver.subscribe(CHANNEL) as reader:
                await exchange(sender, reader)
                proxy.silence(new_ones_too=True)
                made = proxy.connections
                await eventually("several tries", lambda: proxy.connections > made + 4)
                proxy.end_silence()
                await exchange(sender, reader)
                await eventually("the end of the outage", _is_over)

    found = [each["event"] for each in lines if each.get("service") == "redis"]
    # A machine that stalls may cause another outage.
    assert found[:2] == ["service.unavailable", "service.available"]


async def test_an_idle_process_notices_an_outage_and_its_end(
    proxy: SilentProxy,
) -> None:
    async with running(proxy):
        await eventually("its connections", lambda: proxy.connections == 2)
        proxy.silence(new_ones_too=True)
        await eventually("the outage", lambda: uses_out_of_order("redis") == USES)
        proxy.end_silence()

        await eventually("the end of the outage", _is_over)


async def test_exchanges_messages_over_a_slow_connection(
    proxy: SilentProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_pubsub, "ANSWER_SECONDS", 20.0)
    monkeypatch.setattr(redis_pubsub, "SILENT_SECONDS", 20.0)
    async with running(proxy) as sender, running(proxy) as receiver:
        with receiver.subscribe(CHANNEL) as reader:
            await exchange(sender, reader)
            proxy.delay(0.1)
            await exchange(sender, reader)
            made = proxy.connections
            await exchange(sender, reader)

    assert proxy.connections == made


async def test_ends_whenever_it_is_cancelled() -> None:
    """A cancellation that is swallowed would keep the process from stopping."""
    for steps in range(150):
        pubsub = RedisPubSub(settings.REDIS_URL, prefix="test")
        work = asyncio.create_task(pubsub.run())
        for step in range(steps):
            pubsub.publish(CHANNEL, {"number": step})
            await asyncio.sleep(0)
        work.cancel()

        ended, _ = await asyncio.wait([work], timeout=30)
        assert ended == {work}


def _is_over() -> bool:
    return not uses_out_of_order("redis")
