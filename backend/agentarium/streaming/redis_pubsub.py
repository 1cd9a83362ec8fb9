"""The pubsub between processes: Redis publish/subscribe, a channel for each task and each owner."""

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

# Redis does not subscribe to nothing; this channel keeps the connection in use.
IDLE_CHANNEL = "none"
RECONNECT_SECONDS = 1.0
# What is published within so many seconds goes as one command: each costs its sender
# 0.3 ms, however much is in it.
APART_SECONDS = 0.005
_PUBLISH = """
for i = 1, #ARGV, 2 do redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end
"""
MAX_OUTBOX = 10_000


class RedisPubSub(LocalPubSub):
    """Publishes to Redis, and delivers to readers here what other processes publish.

    `run` does the carrying. While Redis is away messages are dropped, and readers are
    sent to the database once a second.
    """

    def __init__(self, url: str, *, prefix: str) -> None:
        super().__init__()
        self._prefix = f"{prefix}:"
        self._redis: Redis = Redis.from_url(url, socket_connect_timeout=2)
        self._outbox: deque[tuple[str, bytes]] = deque(maxlen=MAX_OUTBOX)
        self._has_mail = asyncio.Event()
        self._pubsub: PubSub | None = None
        self._changes: set[asyncio.Task[None]] = set()

    def publish(self, channel: str, message: Message) -> None:
        self._outbox.append((self._name(channel), orjson.dumps(message)))
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._has_mail.set)

    def watch(self, channel: str) -> None:
        if self._pubsub:
            self._change(self._pubsub.subscribe(self._name(channel)))

    def unwatch(self, channel: str) -> None:
        if self._pubsub:
            self._change(self._pubsub.unsubscribe(self._name(channel)))

    def _name(self, channel: str) -> str:
        """What Redis knows a channel by."""
        return f"{self._prefix}{channel}"

    def _change(self, command: Any) -> None:
        async def run() -> None:
            # A broken connection is seen, and mended, by the one that listens.
            with suppress(RedisError, OSError):
                await command

        task = asyncio.create_task(run())
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)

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
            await self._has_mail.wait()
            self._has_mail.clear()
            mail = [self._outbox.popleft() for _ in range(len(self._outbox))]
            if not mail:
                # It went with the one before, and its signal came after that.
                continue
            try:
                parts = [part for message in mail for part in message]
                await self._redis.eval(_PUBLISH, 0, *parts)
            except (RedisError, OSError) as error:
                log.warning("pubsub.dropped", messages=len(mail), error=str(error))
                await asyncio.sleep(RECONNECT_SECONDS)
            await asyncio.sleep(APART_SECONDS)

    async def _receive(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as self._pubsub:
                    channels = [IDLE_CHANNEL, *self._readers]
                    await self._pubsub.subscribe(*map(self._name, channels))
                    async for item in self._pubsub.listen():
                        self._take(item)
            except (RedisError, OSError) as error:
                log.warning("pubsub.disconnected", error=str(error))
            finally:
                self._pubsub = None
            self.all_behind()
            await asyncio.sleep(RECONNECT_SECONDS)

    def _take(self, item: dict[str, Any]) -> None:
        channel = item["channel"].decode().removeprefix(self._prefix)
        if item["type"] == "message":
            self.deliver(channel, orjson.loads(item["data"]))
        elif item["type"] == "subscribe":
            # What was published before this moment went past us.
            for reader in self._readers.get(channel, ()):
                reader.fall_behind()
