"""Pub/sub between processes, by Redis: a channel for each task and each owner.

A connection may stay open and carry nothing any more. So both connections are used at least
once a second, and replaced when no answer comes: the one that receives by the time since
Redis was last heard, the one that sends by the time of each command.
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from agentarium.core.outages import Outage
from agentarium.streaming.pubsub import LocalPubSub, Message

# A connection needs at least one subscription; no message is published to this channel.
IDLE_CHANNEL = "none"
FAILURES = (RedisError, OSError)
CONNECT_SECONDS = 2.0
# For each command and its answer, with a new connection if there is none.
ANSWER_SECONDS = 2.0
RECONNECT_SECONDS = 1.0
PING_SECONDS = 1.0
# Not heard for this long, Redis may be silent: readers read the database meanwhile.
LATE_SECONDS = 2.0
# Not heard for this long, it is: the connection is replaced.
SILENT_SECONDS = 3.0
# The interval at which readers read the database while messages may be missing.
POLL_SECONDS = 1.0
# Messages published within this time are sent as one command: each command costs the
# sender 0.3 ms, whatever its size.
BATCH_SECONDS = 0.005
_PUBLISH = """
for i = 1, #ARGV, 2 do redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end
"""
MAX_OUTBOX = 10_000


class RedisPubSub(LocalPubSub):
    """Publishes to Redis, and delivers messages from Redis to the readers here.

    `run` sends and receives. While Redis is away or silent, messages are dropped, and readers
    read the database once a second.
    """

    def __init__(self, url: str, *, prefix: str) -> None:
        super().__init__()
        self._prefix = f"{prefix}:"
        self._redis: Redis = Redis.from_url(
            url,
            # The client's own limit uses `asyncio.wait_for`, which in Python 3.11 may swallow
            # a cancellation: then this process would not stop.
            socket_timeout=None,
            socket_connect_timeout=CONNECT_SECONDS,
            # `run` tries again, and notes the outage.
            retry=Retry(NoBackoff(), 0),
        )
        self._sending = Outage("redis", "sending live output")
        self._receiving = Outage("redis", "receiving live output")
        # When Redis was last heard, in seconds of the loop.
        self._heard_at = float("-inf")
        self._outbox: deque[tuple[str, bytes]] = deque(maxlen=MAX_OUTBOX)
        self._has_messages = asyncio.Event()
        self._pubsub: PubSub | None = None
        self._commands: set[asyncio.Task[None]] = set()

    def publish(self, channel: str, message: Message) -> None:
        self._outbox.append((self._name(channel), orjson.dumps(message)))
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._has_messages.set)

    def open_channel(self, channel: str) -> None:
        if self._pubsub:
            self._start_command(self._pubsub.subscribe(self._name(channel)))

    def close_channel(self, channel: str) -> None:
        if self._pubsub:
            self._start_command(self._pubsub.unsubscribe(self._name(channel)))

    def _name(self, channel: str) -> str:
        """The name of a channel in Redis."""
        return f"{self._prefix}{channel}"

    def _start_command(self, command: Any) -> None:
        async def run() -> None:
            # `_receive` notices a broken connection and subscribes again.
            with suppress(*FAILURES):
                async with asyncio.timeout(ANSWER_SECONDS):
                    await command

        task = asyncio.create_task(run())
        self._commands.add(task)
        task.add_done_callback(self._commands.discard)

    async def run(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._send())
                group.create_task(self._receive())
                group.create_task(self._poll_while_late())
        finally:
            await self._redis.aclose()

    # --- Sending ----------------------------------------------------------------------

    async def _send(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(PING_SECONDS):
                    await self._has_messages.wait()
            self._has_messages.clear()
            batch = [self._outbox.popleft() for _ in range(len(self._outbox))]
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._send_batch(batch)
            except FAILURES as error:
                self._sending.begin(error)
                await asyncio.sleep(RECONNECT_SECONDS)
            else:
                self._sending.end()
            await asyncio.sleep(BATCH_SECONDS)

    async def _send_batch(self, batch: list[tuple[str, bytes]]) -> None:
        """Without messages, find out whether the next ones would arrive."""
        if batch:
            arguments = [argument for message in batch for argument in message]
            await self._redis.eval(_PUBLISH, 0, *arguments)
        else:
            await self._redis.ping()

    # --- Receiving --------------------------------------------------------------------

    async def _receive(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as self._pubsub:
                    self._heard_at = self._now()
                    channels = [IDLE_CHANNEL, *self._readers]
                    async with asyncio.timeout(ANSWER_SECONDS):
                        await self._pubsub.subscribe(*map(self._name, channels))
                    async with asyncio.TaskGroup() as group:
                        group.create_task(self._listen(self._pubsub))
                        group.create_task(self._ping(self._pubsub))
            except* FAILURES as group:
                self._receiving.begin(group.exceptions[0])
            finally:
                self._pubsub = None
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self, pubsub: PubSub) -> None:
        async for item in pubsub.listen():
            self._heard_at = self._now()
            self._handle(item)

    async def _ping(self, pubsub: PubSub) -> None:
        """Make Redis say something; raises `TimeoutError` when it does not."""
        while True:
            async with asyncio.timeout(ANSWER_SECONDS):
                await pubsub.ping()
            await asyncio.sleep(PING_SECONDS)
            if self._now() - self._heard_at > SILENT_SECONDS:
                raise TimeoutError("Redis does not answer")

    def _handle(self, item: dict[str, Any]) -> None:
        if item["type"] not in ("message", "subscribe"):
            return
        channel = item["channel"].decode().removeprefix(self._prefix)
        if item["type"] == "message":
            self.deliver(channel, orjson.loads(item["data"]))
            return
        self._receiving.end()
        # Messages that were published before the subscription were missed.
        for reader in self._readers.get(channel, ()):
            reader.mark_behind()

    async def _poll_while_late(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if self._receiving.is_on or self._now() - self._heard_at > LATE_SECONDS:
                self.mark_all_behind()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
