"""Group commit: what many tasks write at about the same time is one transaction.

As `db/group_commit.py` does it for threads. This one belongs to an event loop, keeps
what it has while the database is away, and may write a batch twice.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

import structlog
from django.db import DatabaseError

from agentarium.db.threads import CONNECTION_ERRORS, DatabaseThreads
from agentarium.observability import metrics
from agentarium.streaming.publisher import changed_message
from agentarium.streaming.pubsub import Channel, PubSub
from agentarium.tasks.fence import AttemptKey
from agentarium.worker.writing.writes import AttemptWrite, write_all

log = structlog.get_logger(__name__)

# Live text reaches readers at once; this often it is also made to last.
DRAFT_SECONDS = 0.25
# What comes within so long of a transaction is the next one; what comes after a while
# is written at once.
PAUSE_SECONDS = 0.01
# A transaction of more would keep other writers waiting for too long.
MAX_BATCH = 200
MAX_RETRY_SECONDS = 2.0


class AttemptLostError(Exception):
    """Somebody else decides about the task now; nothing of this attempt is written."""


class Drafting(Protocol):
    """An attempt with text that is not stored yet."""

    def take_drafts(self) -> AttemptWrite | None: ...


class EventWriter:
    """Takes entries from many attempts, and says when each has lasted.

    An entry's events are published only once they are committed. While the database is
    away entries wait here, and so do the attempts that need to know.
    """

    def __init__(self, *, pubsub: PubSub, may_publish: Callable[[], bool]) -> None:
        self._pubsub = pubsub
        self._may_publish = may_publish
        self._thread = DatabaseThreads("event_writer", in_turn=True)
        self._queue: deque[tuple[AttemptWrite, asyncio.Future[None]]] = deque()
        self._arrived = asyncio.Event()
        self._drafting: set[Drafting] = set()
        self._drafts_due_at = 0.0

    def write(self, entry: AttemptWrite) -> asyncio.Future[None]:
        """Queue an entry, after those of the same attempt that were queued before.

        The future is done once it is committed; it raises `AttemptLostError` if the
        attempt no longer held its task.
        """
        written = asyncio.get_running_loop().create_future()
        self._queue.append((entry, written))
        self._arrived.set()
        return written

    def note_draft(self, attempt: Drafting) -> None:
        """Have the attempt's text stored within `DRAFT_SECONDS`."""
        self._drafting.add(attempt)

    def forget_draft(self, attempt: Drafting) -> None:
        self._drafting.discard(attempt)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._wait()
            self._queue_drafts()
            while self._queue:
                size = min(len(self._queue), MAX_BATCH)
                await self._write_batch([self._queue.popleft() for _ in range(size)])
            await asyncio.sleep(PAUSE_SECONDS)

    def close(self) -> None:
        self._thread.close()

    async def _wait(self) -> None:
        """Until there is an entry, or until drafts are due."""
        self._arrived.clear()
        if not self._queue:
            try:
                async with asyncio.timeout(DRAFT_SECONDS):
                    await self._arrived.wait()
            except TimeoutError:
                pass

    def _queue_drafts(self) -> None:
        if self._drafting and time.monotonic() >= self._drafts_due_at:
            self._drafts_due_at = time.monotonic() + DRAFT_SECONDS
            drafting, self._drafting = self._drafting, set()
            for attempt in drafting:
                if entry := attempt.take_drafts():
                    self.write(entry).add_done_callback(_ignore_loss)

    async def _write_batch(
        self, batch: list[tuple[AttemptWrite, asyncio.Future[None]]]
    ) -> None:
        try:
            held = await self._write_until_done([entry for entry, _ in batch])
        except (DatabaseError, ValueError) as error:
            # One entry that the database refuses must not take the others with it.
            if len(batch) == 1:
                log.exception("event_writer.refused", task_id=batch[0][0].task_id)
                _settle(batch[0][1], error)
            else:
                for item in batch:
                    await self._write_batch([item])
            return
        for entry, written in batch:
            if entry.key in held:
                self._publish(entry)
            _settle(written, None if entry.key in held else AttemptLostError())

    async def _write_until_done(self, entries: list[AttemptWrite]) -> set[AttemptKey]:
        pause = 0.05
        while True:
            try:
                began_at = time.perf_counter()
                held = await self._thread.run(write_all, entries)
                metrics.EVENT_WRITER_SECONDS.observe(time.perf_counter() - began_at)
                metrics.EVENT_WRITER_BATCH_SIZE.observe(len(entries))
                return held
            except CONNECTION_ERRORS as error:
                log.warning(
                    "event_writer.retry", entries=len(entries), error=str(error)
                )
                await asyncio.sleep(pause)
                pause = min(pause * 2, MAX_RETRY_SECONDS)

    def _publish(self, entry: AttemptWrite) -> None:
        if not self._may_publish():
            return
        if entry.finish:
            changed = changed_message(entry.task_id, entry.finish.status.value)
            self._pubsub.publish(Channel.owner(entry.owner_id), changed)
        for event in entry.events:
            self._pubsub.publish(
                Channel.task(event.task_id),
                {
                    "attempt": event.attempt,
                    "seq": event.seq,
                    "type": event.type,
                    "data": event.payload,
                },
            )


def _settle(written: asyncio.Future[None], error: Exception | None) -> None:
    if written.done():
        return
    if error:
        written.set_exception(error)
    else:
        written.set_result(None)


def _ignore_loss(written: asyncio.Future[None]) -> None:
    """Drafts tell nobody; the next step or the end of the attempt finds the loss."""
    if not written.cancelled():
        written.exception()
