"""The life of one worker row: from its registration until it stops or is lost."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import ParamSpec, TypeVar

import structlog
from django.conf import settings
from django.db import DatabaseError

from agentarium.db.threads import CONNECTION_ERRORS, DatabaseThreads
from agentarium.streaming.publisher import tell
from agentarium.tasks import fence
from agentarium.tasks.models import AgentTask, Worker
from agentarium.tasks.services import answer_from_children
from agentarium.worker import leases
from agentarium.worker.attempt.context import ExecutionContext, RunnerDependencies
from agentarium.worker.attempt.execution import Execution
from agentarium.worker.attempt.history import History, read_histories
from agentarium.worker.database_retry import retry_until_available
from agentarium.worker.queue import claims
from agentarium.worker.queue.sweep import sweep
from agentarium.worker.writing.event_writer import AttemptLostError, EventWriter

log = structlog.get_logger(__name__)

# At a time: the transaction of a claim keeps other writers waiting.
MAX_CLAIM = 200
POLL_SECONDS = 1.0
SWEEP_SECONDS = 2.0
WATCH_SECONDS = 0.5
# However often a runner is woken, it looks no more often than that: many wakes at
# about the same time are one look, and a wake after a while is one at once.
CLAIM_PAUSE_SECONDS = 0.02
WATCH_PAUSE_SECONDS = 0.05
# So often an attempt looks whether its worker may go on.
LEASED_SECONDS = 0.05

Claimed = list[tuple[AgentTask, History]]
P = ParamSpec("P")
R = TypeVar("R")


class Signals:
    """What a runner was told. Belongs to its event loop."""

    def __init__(self) -> None:
        self.woken = asyncio.Event()
        self.is_stopping = False
        self._changed = asyncio.Event()

    def wake(self) -> None:
        """Something is to be done, or to be done no longer."""
        self.woken.set()
        self._changed.set()

    def stop(self) -> None:
        self.is_stopping = True
        self.wake()

    async def wait_for_change(self, seconds: float) -> None:
        """Until the next `wake`, for at most so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()


class WorkerSession:
    """Holds a lease, claims as long as it has it, and ends in order."""

    def __init__(
        self, worker: Worker, dependencies: RunnerDependencies, signals: Signals
    ) -> None:
        self._worker = worker
        self._dependencies = dependencies
        self._signals = signals
        self._is_lost = False
        self._running: dict[asyncio.Task[None], Execution] = {}
        # Of those, the ones that were cancelled and have not come to an end yet.
        self._leaving: set[asyncio.Task[None]] = set()
        self._watch_thread = DatabaseThreads("lookout")
        self._loop = asyncio.get_running_loop()
        self._heartbeat = leases.Heartbeat(worker, on_lost=self._lose)
        self._event_writer = EventWriter(
            pubsub=dependencies.pubsub, may_publish=self._may_publish
        )
        self._context = ExecutionContext(
            event_writer=self._event_writer,
            pubsub=dependencies.pubsub,
            database=dependencies.database,
            may_publish=self._may_publish,
            until_leased=self._until_leased,
            open_client=dependencies.clients.get,
            open_toolbox=dependencies.open_toolbox,
        )

    async def run(self) -> None:
        log.info("worker.started", worker_id=self._worker.pk)
        self._heartbeat.start()
        try:
            async with asyncio.TaskGroup() as self._group:
                beside = (
                    self._event_writer.run(),
                    self._sweep(),
                    self._watch_attempts(),
                    self._turn(),
                )
                companions = [self._group.create_task(work) for work in beside]
                await self._claim_until_stopped()
                await self._end()
                for companion in companions:
                    companion.cancel()
        finally:
            await self._drop(list(self._running))
            await asyncio.to_thread(self._heartbeat.stop)
            await asyncio.to_thread(self._event_writer.close)
            await asyncio.to_thread(self._watch_thread.close)
            log.info("worker.stopped", worker_id=self._worker.pk)

    def _may_publish(self) -> bool:
        return self._heartbeat.is_valid and not self._is_lost

    async def _until_leased(self) -> None:
        """Until the lease is renewed; one that was lost ends whoever waits here."""
        while not self._may_publish():
            await asyncio.sleep(LEASED_SECONDS)

    def _lose(self) -> None:
        """Called from the heartbeat's thread."""
        self._is_lost = True
        self._loop.call_soon_threadsafe(self._signals.wake)

    async def _claim_until_stopped(self) -> None:
        while not (self._is_lost or self._signals.is_stopping):
            self._signals.woken.clear()
            free = min(self._worker.capacity - len(self._running), MAX_CLAIM)
            claimed = await self._claim_or_none(free) if free > 0 else []
            for task, history in claimed:
                self._start(task, history)
            if len(claimed) < MAX_CLAIM:
                await asyncio.sleep(CLAIM_PAUSE_SECONDS)
                await self._wait_for_wake()

    async def _wait_for_wake(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._signals.woken.wait()

    async def _claim_or_none(self, limit: int) -> Claimed:
        """None where the database goes away: what it may have given us goes back."""
        try:
            return await self._claim(limit)
        except CONNECTION_ERRORS as error:
            log.warning("worker.claim_broke_off", error=str(error))
        running = [execution.key for execution in self._running.values()]
        await self._retry_until_available(claims.release_orphans, self._worker, running)
        return []

    async def _retry_until_available(
        self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        return await retry_until_available(
            lambda: self._dependencies.database.run(work, *args, **kwargs)
        )

    async def _claim(self, limit: int) -> Claimed:
        def claim() -> Claimed:
            tasks = claims.claim_tasks(self._worker, limit=limit)
            histories = read_histories(tasks)
            return [(task, histories[task.pk]) for task in tasks]

        claimed = await self._dependencies.database.run(claim)
        for task, _ in claimed:
            self._tell(task)
        return claimed

    def _tell(self, task: AgentTask) -> None:
        if self._may_publish():
            tell(self._dependencies.pubsub, task)

    def _start(self, task: AgentTask, history: History) -> None:
        execution = Execution(task, history, self._context)
        running = asyncio.create_task(self._execute(execution))
        self._running[running] = execution
        running.add_done_callback(self._make_room)

    def _make_room(self, ended: asyncio.Task[None]) -> None:
        was_full = len(self._running) >= self._worker.capacity
        self._running.pop(ended, None)
        if was_full:
            self._signals.woken.set()

    async def _execute(self, execution: Execution) -> None:
        task = execution.task
        try:
            await execution.run()
        except AttemptLostError:
            await self._settle(execution)
        except (DatabaseError, ValueError):
            # Not even its failure could be stored; it counts as a lost attempt.
            log.exception("task.not_ended", task_id=task.pk)
            await self._retry_until_available(
                claims.lose_attempt, self._worker, execution.key
            )
        if task.parent_id:
            await self._retry_until_available(answer_from_children)

    async def _watch_attempts(self) -> None:
        """Stop, within the second, what somebody else has decided about.

        Reads on a thread of its own, and waits for nothing that follows from what it
        finds: no claim, no sweep and no slow end of another task delays a stop.
        """
        while True:
            if watched := self._watched():
                keys = [execution.key for execution in watched.values()]
                still = await retry_until_available(
                    partial(self._watch_thread.run, fence.still_held, keys)
                )
                for running, execution in watched.items():
                    if execution.key not in still and not running.done():
                        self._abort(running, execution)
            await asyncio.sleep(WATCH_PAUSE_SECONDS)
            await self._signals.wait_for_change(WATCH_SECONDS)

    def _watched(self) -> dict[asyncio.Task[None], Execution]:
        """What can still be stopped; what is being stored finds out by itself."""
        return {
            running: execution
            for running, execution in self._staying().items()
            if not execution.is_ending
        }

    def _staying(self) -> dict[asyncio.Task[None], Execution]:
        """What runs, without what is being let go of."""
        return {
            running: execution
            for running, execution in self._running.items()
            if running not in self._leaving
        }

    def _abort(self, running: asyncio.Task[None], execution: Execution) -> None:
        """Close connections, then tell what was spent until then."""

        async def settle() -> None:
            await asyncio.wait([running])
            self._leaving.discard(running)
            await self._settle(execution)

        running.cancel()
        self._leaving.add(running)
        self._group.create_task(settle())

    async def _settle(self, execution: Execution) -> None:
        """Tell what was spent, if it was a cancel that took the task away."""
        spent = await execution.usage_since_last_step()
        await self._retry_until_available(claims.record_late_usage, self._worker, spent)

    async def _sweep(self) -> None:
        """Take back, now and then, what workers left that died: here or anywhere."""
        while True:
            if await self._retry_until_available(
                sweep,
                leases_are_trustworthy=lambda: self._heartbeat.leases_are_trustworthy,
            ):
                self._signals.wake()
            # Workers that started together do not sweep together for ever.
            await asyncio.sleep(SWEEP_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311

    async def _turn(self) -> None:
        """Show the heartbeat's thread that this loop is alive."""
        while True:
            self._heartbeat.loop_turned()
            await asyncio.sleep(1)

    async def _end(self) -> None:
        """Let running tasks finish for a while, and hand the others back at once."""
        if self._running and not self._is_lost:
            await asyncio.wait(self._running, timeout=settings.STOP_GRACE_SECONDS)
        left = self._staying()
        await self._drop(list(left))
        if self._is_lost:
            return
        keys = [execution.key for execution in left.values()]
        await self._dependencies.database.run(claims.release_tasks, self._worker, keys)
        # Before it finds the lease gone, and takes that for a loss.
        await asyncio.to_thread(self._heartbeat.stop)
        await self._dependencies.database.run(leases.release_lease, self._worker)

    async def _drop(self, running: Sequence[asyncio.Task[None]]) -> None:
        """Cancel executions: their providers' connections close."""
        for execution in running:
            execution.cancel()
        if running:
            await asyncio.wait(running)
