"""Pub/sub between processes, by Redis: a channel for each task and each owner."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any

import orjson
import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from agentarium.streaming.pubsub import LocalPubSub, Message

log = structlog.get_logger(__name__)

# A connection needs at least one subscription; no message is published to this channel.
IDLE_CHANNEL = "none"
RECONNECT_SECONDS = 1.0
# Messages published within this time are sent as one command: each command costs the
# sender 0.3 ms, whatever its size.
BATCH_SECONDS = 0.005
_PUBLISH = """
for i = 1, #ARGV, 2 do redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end
"""
MAX_OUTBOX = 10_000


class RedisPubSub(LocalPubSub):
    """Publishes to Redis, and delivers messages from Redis to the readers here.

    `run` sends and receives. While Redis is unavailable, messages are dropped, and readers
    read the database once a second.
    """

    def __init__(self, url: str, *, prefix: str) -> None:
        super().__init__()
        self._prefix = f"{prefix}:"
        self._redis: Redis = Redis.from_url(url, socket_connect_timeout=2)
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
            with suppress(RedisError, OSError):
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
        finally:
            await self._redis.aclose()

    async def _send(self) -> None:
        while True:
            await self._has_messages.wait()
            self._has_messages.clear()
            batch = [self._outbox.popleft() for _ in range(len(self._outbox))]
            if not batch:
                # The previous batch took the message before its signal arrived.
                continue
            try:
                arguments = [argument for message in batch for argument in message]
                await self._redis.eval(_PUBLISH, 0, *arguments)
            except (RedisError, OSError) as error:
                log.warning("pubsub.dropped", messages=len(batch), error=str(error))
                await asyncio.sleep(RECONNECT_SECONDS)
            await asyncio.sleep(BATCH_SECONDS)

    async def _receive(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as self._pubsub:
                    channels = [IDLE_CHANNEL, *self._readers]
                    await self._pubsub.subscribe(*map(self._name, channels))
                    async for item in self._pubsub.listen():
                        self._handle(item)
            except (RedisError, OSError) as error:
                log.warning("pubsub.disconnected", error=str(error))
            finally:
                self._pubsub = None
            self.mark_all_behind()
            await asyncio.sleep(RECONNECT_SECONDS)

    def _handle(self, item: dict[str, Any]) -> None:
        channel = item["channel"].decode().removeprefix(self._prefix)
        if item["type"] == "message":
            self.deliver(channel, orjson.loads(item["data"]))
        elif item["type"] == "subscribe":
            # Messages that were published before the subscription were missed.
            for reader in self._readers.get(channel, ()):
                reader.mark_behind()
