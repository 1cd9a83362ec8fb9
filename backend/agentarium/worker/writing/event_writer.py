"""Group commit of what attempts write: one transaction for many of them.

Like `db/group_commit.py`, which is for threads. This one belongs to an event loop, keeps
its queue while the database is away, and may write a batch twice.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from agentarium.db.data_errors import is_about_data, is_about_machinery
from agentarium.db.threads import CONNECTION_ERRORS, DatabaseThreads
from agentarium.observability import metrics
from agentarium.observability.background import record_failure
from agentarium.streaming.publisher import changed_message
from agentarium.streaming.pubsub import Channel, PubSub
from agentarium.tasks.fence import AttemptKey
from agentarium.worker.leases import ATTEMPT_ANSWER_FRACTION, answer_seconds
from agentarium.worker.writing.writes import AttemptWrite, write_all

log = structlog.get_logger(__name__)

# Readers receive text immediately. It is stored this often.
DRAFT_SECONDS = 0.25
# Writes that arrive within this time after a transaction share the next one. After a
# longer pause, a write is stored immediately.
PAUSE_SECONDS = 0.01
# A larger transaction would keep other writers waiting for too long.
MAX_BATCH = 200
MAX_RETRY_SECONDS = 2.0
# A write that the database could not store, although it is not away, is tried again at this
# interval, for this long. Then its attempt counts as lost.
KEPT_PAUSE_SECONDS = 0.5
KEPT_SECONDS = 10.0


@dataclass(slots=True)
class _QueuedWrite:
    write: AttemptWrite
    stored: asyncio.Future[None]
    # When the database first failed to store it.
    kept_since: float | None = None


class AttemptLostError(Exception):
    """The attempt no longer holds its task: none of its writes is stored any more."""


class DraftSource(Protocol):
    """An attempt that streams text."""

    def take_drafts(self) -> AttemptWrite | None: ...


class EventWriter:
    """Stores the writes of many attempts, and reports when each is committed.

    The events of a write are published after the commit. While the database is away or
    out of order, writes stay in the queue, and the attempts that need their result wait.
    What can never be stored is given up, and what the database goes on refusing.
    """

    def __init__(self, *, pubsub: PubSub, may_publish: Callable[[], bool]) -> None:
        self._pubsub = pubsub
        self._may_publish = may_publish
        self._thread = DatabaseThreads(
            "event_writer",
            through_gate=True,
            answer_seconds=answer_seconds(ATTEMPT_ANSWER_FRACTION),
        )
        self._queue: deque[_QueuedWrite] = deque()
        # Those to try again after the others, and when.
        self._kept: list[_QueuedWrite] = []
        self._kept_until = 0.0
        self._arrived = asyncio.Event()
        self._draft_sources: set[DraftSource] = set()
        self._drafts_due_at = 0.0

    def write(self, write: AttemptWrite) -> asyncio.Future[None]:
        """Queue a write, after the earlier ones of the same attempt.

        The future is done when the write is committed. It raises `AttemptLostError` if
        the attempt no longer holds its task, and otherwise the error with which the write
        was given up. `is_about_data` tells whether the write itself is to blame.
        """
        stored = asyncio.get_running_loop().create_future()
        self._queue.append(_QueuedWrite(write, stored))
        self._arrived.set()
        return stored

    def schedule_drafts(self, source: DraftSource) -> None:
        """Store the attempt's unstored text within twice `DRAFT_SECONDS`."""
        self._draft_sources.add(source)

    def unschedule_drafts(self, source: DraftSource) -> None:
        self._draft_sources.discard(source)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._wait_for_writes()
            self._queue_drafts()
            self._requeue_kept()
            while batch := self._take_batch():
                await self._write_batch(batch)
            await asyncio.sleep(PAUSE_SECONDS)

    def close(self) -> None:
        self._thread.close()

    async def _wait_for_writes(self) -> None:
        """Wait until there is a write, or until drafts may be due."""
        self._arrived.clear()
        if not self._queue:
            try:
                async with asyncio.timeout(DRAFT_SECONDS):
                    await self._arrived.wait()
            except TimeoutError:
                pass

    def _queue_drafts(self) -> None:
        if self._draft_sources and time.monotonic() >= self._drafts_due_at:
            self._drafts_due_at = time.monotonic() + DRAFT_SECONDS
            sources, self._draft_sources = self._draft_sources, set()
            for source in sources:
                if write := source.take_drafts():
                    self.write(write).add_done_callback(_ignore_error)

    def _take_batch(self) -> list[_QueuedWrite]:
        """The next writes of the queue, without those that have to wait for kept ones."""
        waiting_for = {kept.write.key for kept in self._kept}
        batch: list[_QueuedWrite] = []
        while self._queue and len(batch) < MAX_BATCH:
            queued = self._queue.popleft()
            (self._kept if queued.write.key in waiting_for else batch).append(queued)
        return batch

    def _requeue_kept(self) -> None:
        if self._kept and time.monotonic() >= self._kept_until:
            self._queue.extendleft(reversed(self._kept))
            self._kept.clear()

    async def _write_batch(self, batch: list[_QueuedWrite]) -> None:
        try:
            held = await self._write_with_retries([queued.write for queued in batch])
        except Exception as error:  # noqa: BLE001 - each write gets its own
            if len(batch) > 1:
                # One write that cannot be stored must not fail or delay the others.
                await self._write_one_by_one(batch)
            else:
                self._keep_or_give_up(batch[0], error)
            return
        for queued in batch:
            is_held = queued.write.key in held
            if is_held:
                self._publish_if_possible(queued.write)
            _resolve(queued.stored, None if is_held else AttemptLostError())

    async def _write_one_by_one(self, batch: list[_QueuedWrite]) -> None:
        for queued in batch:
            if any(kept.write.key == queued.write.key for kept in self._kept):
                self._kept.append(queued)
            else:
                await self._write_batch([queued])

    def _keep_or_give_up(self, queued: _QueuedWrite, error: Exception) -> None:
        now = time.monotonic()
        queued.kept_since = queued.kept_since or now
        is_kept = now < queued.kept_since + KEPT_SECONDS and is_about_machinery(error)
        if is_kept:
            self._kept.append(queued)
            self._kept_until = now + KEPT_PAUSE_SECONDS
        else:
            _resolve(queued.stored, error)
        event = "event_writer.kept" if is_kept else "event_writer.given_up"
        log.error(event, task_id=queued.write.task_id, exc_info=error)

    async def _write_with_retries(self, writes: list[AttemptWrite]) -> set[AttemptKey]:
        """Wait while the database is away. Raises the errors that do not look like that."""
        pause = 0.05
        while True:
            try:
                began_at = time.perf_counter()
                held = await self._thread.run(write_all, writes)
                metrics.EVENT_WRITER_SECONDS.observe(time.perf_counter() - began_at)
                metrics.EVENT_WRITER_BATCH_SIZE.observe(len(writes))
                return held
            except (*CONNECTION_ERRORS, OSError) as error:
                if is_about_data(error):
                    raise
                log.warning("event_writer.retry", writes=len(writes), error=str(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, MAX_RETRY_SECONDS)

    def _publish_if_possible(self, write: AttemptWrite) -> None:
        """Readers find what is not published in the database."""
        try:
            self._publish(write)
        except Exception as error:  # noqa: BLE001 - it is stored already
            record_failure("publishing", error)

    def _publish(self, write: AttemptWrite) -> None:
        if not self._may_publish():
            return
        if write.finish:
            changed = changed_message(write.task_id, write.finish.status.value)
            self._pubsub.publish(Channel.owner(write.owner_id), changed)
        for event in write.events:
            self._pubsub.publish(
                Channel.task(event.task_id),
                {
                    "attempt": event.attempt,
                    "seq": event.seq,
                    "type": event.type,
                    "data": event.payload,
                },
            )


def _resolve(stored: asyncio.Future[None], error: Exception | None) -> None:
    if stored.done():
        return
    if error:
        stored.set_exception(error)
    else:
        stored.set_result(None)


def _ignore_error(stored: asyncio.Future[None]) -> None:
    """Nothing waits for drafts. The next step or the finish reports the same error."""
    if not stored.cancelled():
        stored.exception()
