"""Two installations that share one Redis do not affect each other."""

import asyncio
from collections.abc import Iterator

import pytest
from agentarium.config.celery import app
from agentarium.http.rate_limits import Bucket, Rate, spend
from agentarium.streaming.pubsub import Channel, Message, Subscription
from agentarium.streaming.redis_pubsub import RedisPubSub
from kombu import Connection
from pytest_django import Settings
from redis import Redis

from scripts.services import free_ports, redis, shared_folder, unprivileged_account

CHANNEL = Channel.task(1)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    (port,) = free_ports(1)
    with shared_folder() as folder, redis(folder, port, unprivileged_account()):
        yield f"redis://127.0.0.1:{port}/0"


async def receive(reader: Subscription) -> list[Message]:
    """The next messages; skips requests to read the database."""
    while (received := await reader.take(timeout=30)) is None:
        pass
    return [*received]


async def test_readers_receive_messages_of_their_own_installation_only(
    url: str,
) -> None:
    ours, theirs = RedisPubSub(url, prefix="ours"), RedisPubSub(url, prefix="theirs")
    with ours.subscribe(CHANNEL) as our_reader, theirs.subscribe(CHANNEL) as reader:
        running = [asyncio.create_task(pubsub.run()) for pubsub in (ours, theirs)]
        # Once it is subscribed, a reader is asked to read the database.
        assert await our_reader.take(timeout=30) is None
        assert await reader.take(timeout=30) is None

        theirs.publish(CHANNEL, {"from": "them"})
        assert await receive(reader) == [{"from": "them"}]
        ours.publish(CHANNEL, {"from": "us"})
        received = await receive(our_reader)

    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    assert received == [{"from": "us"}]


def test_rates_are_counted_separately(url: str, settings: Settings) -> None:
    settings.REDIS_URL = url
    spent = []
    for settings.REDIS_PREFIX in ("ours", "theirs"):
        spent.append(spend(Bucket("a", Rate(1, 3600))))

    assert [one.is_exceeded for one in spent] == [False, False]


def test_wake_ups_are_sent_under_the_prefix(url: str) -> None:
    options = app.conf.broker_transport_options
    with (
        Redis.from_url(url) as client,
        Connection(url, transport_options=options) as us,
    ):
        client.flushdb()
        with us.SimpleQueue("agentarium") as queue:
            queue.put("wake")

        names = [name.decode() for name in client.scan_iter()]

    assert names
    assert all(name.startswith(options["global_keyprefix"]) for name in names)
