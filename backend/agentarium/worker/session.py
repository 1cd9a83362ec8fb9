"""One registration of a worker, from its start until it stops or is lost.

A session claims tasks, runs each of them as an asyncio task, and has five background
loops: the event writer, the queue's maintenance, the watch that stops executions whose
task was taken away, the watch that ends the session when its lease has expired, and the
one that shows the heartbeat that this event loop is alive.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import ParamSpec, TypeVar

import structlog
from django.conf import settings

from agentarium.db.answer_limit import answers_within
from agentarium.db.threads import CONNECTION_ERRORS, DatabaseThreads
from agentarium.observability import stuck_threads
from agentarium.observability.background import record_failure, repeat_on_failure
from agentarium.streaming.publisher import publish_change_to
from agentarium.tasks import fence
from agentarium.tasks.models import AgentTask, Worker
from agentarium.tasks.services import answer_from_children
from agentarium.worker import leases
from agentarium.worker.attempt.context import ExecutionContext, RunnerDependencies
from agentarium.worker.attempt.execution import Execution
from agentarium.worker.attempt.history import History
from agentarium.worker.claiming import NOTHING, Claimed, WorkerClaims
from agentarium.worker.database_retry import retry_until_available
from agentarium.worker.queue import late_usage, recovery, release
from agentarium.worker.queue.maintenance import run_maintenance
from agentarium.worker.runner_signals import RunnerSignals, wait_for_first
from agentarium.worker.writing.event_writer import AttemptLostError, EventWriter

log = structlog.get_logger(__name__)

# The transaction of a larger claim would keep other writers waiting for too long.
MAX_CLAIM = 200
POLL_SECONDS = 1.0
MAINTENANCE_SECONDS = 2.0
WATCH_SECONDS = 0.5
# Wake-ups that arrive within such a pause cause one query together.
CLAIM_PAUSE_SECONDS = 0.02
WATCH_PAUSE_SECONDS = 0.05
# How often an execution that waits for a valid lease checks for it.
LEASE_CHECK_SECONDS = 0.05
LOOP_REPORT_SECONDS = 1.0
# An expired lease is seen several times in a row before the session ends: after a pause of
# the process, its heartbeat renews it in this time or learns that the worker is lost.
EXPIRY_CHECK_SECONDS = 0.2
EXPIRY_CHECKS = 3
# What a stop may wait for: a claim in progress, whose tasks run in the grace period; the
# same claim, if its tasks can only be released; and the release of tasks and lease. After
# them, the expired lease releases the tasks.
CLAIM_END_SECONDS = 2.0
LATE_CLAIM_SECONDS = 3.0
RELEASE_SECONDS = 6.0
# A thread whose calls are all limited has come back long before.
STUCK_SECONDS = 60.0

P = ParamSpec("P")
R = TypeVar("R")


class WorkerSession:
    """Claims and runs tasks for as long as it holds its lease, then shuts down."""

    def __init__(
        self, worker: Worker, dependencies: RunnerDependencies, signals: RunnerSignals
    ) -> None:
        self._worker = worker
        self._dependencies = dependencies
        self._signals = signals
        self._is_lost = False
        self._lost = asyncio.Event()
        # Whether the lease expired with tasks that are still assigned to the worker.
        self.has_expired = False
        # Whether the last claim left tasks in the queue because of a limit.
        self._is_limited = False
        self._claims = WorkerClaims(worker, dependencies.database)
        self._running: dict[asyncio.Task[None], Execution] = {}
        # The running ones that were cancelled and have not ended yet.
        self._aborting: set[asyncio.Task[None]] = set()
        self._late_records: set[asyncio.Task[None]] = set()
        self._watch_thread = DatabaseThreads(
            "watch",
            answer_seconds=leases.answer_seconds(leases.RENEWAL_ANSWER_FRACTION),
        )
        self._loop = asyncio.get_running_loop()
        self._heartbeat = leases.Heartbeat(worker, on_lost=self._on_lost)
        self._event_writer = EventWriter(
            pubsub=dependencies.pubsub, may_publish=self._has_valid_lease
        )
        self._context = ExecutionContext(
            event_writer=self._event_writer,
            pubsub=dependencies.pubsub,
            database=dependencies.database,
            may_publish=self._has_valid_lease,
            wait_for_lease=self._wait_for_lease,
            open_client=dependencies.clients.get,
            open_toolbox=dependencies.open_toolbox,
        )

    async def run(self) -> None:
        log.info("worker.started", worker_id=self._worker.pk)
        self._heartbeat.start()
        try:
            async with asyncio.TaskGroup() as self._group:
                loops = {
                    "event writer": self._event_writer.run,
                    "maintenance": self._maintain_queue,
                    "watch": self._watch_executions,
                    "lease watch": self._watch_lease,
                    "loop report": self._report_loop_alive,
                }
                background = [
                    self._group.create_task(repeat_on_failure(name, loop))
                    for name, loop in loops.items()
                ]
                await self._work()
                await self._shut_down()
                for task in background:
                    task.cancel()
        finally:
            await self._cancel_and_wait(list(self._running))
            await self._end_threads()
            log.info("worker.stopped", worker_id=self._worker.pk)

    async def _shut_down(self) -> None:
        """Let running tasks finish for the grace period, then release the others."""
        log.info("worker.stopping", worker_id=self._worker.pk, tasks=len(self._running))
        if self._running and not self._is_lost:
            await wait_for_first(
                asyncio.wait(self._running),
                self._signals.hurrying.wait(),
                self._lost.wait(),
                seconds=settings.STOP_GRACE_SECONDS,
            )
        unfinished = self._not_aborting()
        await self._cancel_and_wait(list(unfinished))
        if not self._is_lost:
            await self._release([each.key for each in unfinished.values()])
        if self._late_records:
            await asyncio.wait(self._late_records, timeout=RELEASE_SECONDS)
            for record in list(self._late_records):
                record.cancel()

    async def _release(self, keys: Sequence[fence.AttemptKey]) -> None:
        """Give the tasks and the lease back, unless the database does not answer."""
        await self._claims.wait_for_last(LATE_CLAIM_SECONDS)
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                await self._retry_until_available(self._release_tasks, keys)
                # Stopped first, since it would take the released lease for a lost one.
                await asyncio.to_thread(self._heartbeat.stop)
                await self._retry_until_available(leases.release_lease, self._worker)
        except TimeoutError:
            log.warning("worker.not_released", worker_id=self._worker.pk)

    def _release_tasks(self, keys: Sequence[fence.AttemptKey]) -> None:
        limit = leases.answer_seconds(leases.RENEWAL_ANSWER_FRACTION)
        with answers_within(limit):
            if self._claims.is_confirmed:
                release.release_tasks(self._worker, keys)
            else:
                release.release_unconfirmed_claims(self._worker, [])

    async def _end_threads(self) -> None:
        try:
            async with asyncio.timeout(STUCK_SECONDS):
                await asyncio.to_thread(self._heartbeat.stop)
                await asyncio.to_thread(self._event_writer.close)
                await asyncio.to_thread(self._watch_thread.close)
        except TimeoutError:
            stuck_threads.end_process("the database threads of a worker")

    async def _cancel_and_wait(self, running: Sequence[asyncio.Task[None]]) -> None:
        """Cancel executions, which closes the connections to their providers."""
        for execution in running:
            execution.cancel()
        if running:
            await asyncio.wait(running)

    async def _retry_until_available(
        self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        return await retry_until_available(
            lambda: self._dependencies.database.run(work, *args, **kwargs)
        )

    # --- The lease --------------------------------------------------------------------

    def _has_valid_lease(self) -> bool:
        return self._heartbeat.is_valid and not self._is_lost

    async def _wait_for_lease(self) -> None:
        """Return once the lease is valid.

        After a loss it never is; the session then cancels the execution that waits.
        """
        while not self._has_valid_lease():
            await asyncio.sleep(LEASE_CHECK_SECONDS)

    def _on_lost(self) -> None:
        """Callable from any thread, such as the heartbeat's."""
        self._is_lost = True
        self._loop.call_soon_threadsafe(self._lost.set)

    async def _watch_lease(self) -> None:
        """End the session once others may be running its tasks.

        That closes the connections to providers. Nothing here waits for the database.
        """
        seen = 0
        while seen < EXPIRY_CHECKS:
            await asyncio.sleep(EXPIRY_CHECK_SECONDS)
            seen = seen + 1 if self._heartbeat.is_given_up else 0
        log.error(
            "worker.lease_expired",
            worker_id=self._worker.pk,
            tasks=len(self._running),
            seconds_since_renewal=round(self._heartbeat.seconds_since_renewal, 1),
        )
        self.has_expired = True
        self._on_lost()

    async def _report_loop_alive(self) -> None:
        while True:
            self._heartbeat.report_loop_alive()
            await asyncio.sleep(LOOP_REPORT_SECONDS)

    # --- Claiming ---------------------------------------------------------------------

    async def _work(self) -> None:
        """Claim until the session is lost or has to stop, whatever the database does."""
        claiming = self._group.create_task(self._claim_until_stopped())
        await wait_for_first(
            asyncio.wait([claiming]), self._signals.stopping.wait(), self._lost.wait()
        )
        if not self._is_lost:
            await asyncio.wait([claiming], timeout=CLAIM_END_SECONDS)
        claiming.cancel()

    async def _claim_until_stopped(self) -> None:
        while not (self._is_lost or self._signals.is_stopping):
            self._signals.woken.clear()
            free = min(self._worker.capacity - len(self._running), MAX_CLAIM)
            claimed = await self._claim_or_release(free) if free > 0 else NOTHING
            self._is_limited = claimed.claim.is_limited
            for task, history in claimed.tasks():
                self._start(task, history)
            if len(claimed.histories) < MAX_CLAIM and not claimed.claim.has_more:
                await asyncio.sleep(CLAIM_PAUSE_SECONDS)
                await self._wait_for_wake_up()

    async def _wait_for_wake_up(self) -> None:
        """Wait for a wake-up, or until the next poll is due."""
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._signals.woken.wait()

    async def _claim_or_release(self, limit: int) -> Claimed:
        """Claim; if that fails, release what may have been claimed."""
        try:
            return await self._claim(limit)
        except CONNECTION_ERRORS as error:
            log.warning("worker.claim_interrupted", error=str(error))
        except Exception as error:  # noqa: BLE001 - the next poll tries again
            record_failure("claim", error)
        running = [execution.key for execution in self._running.values()]
        await self._retry_until_available(
            release.release_unconfirmed_claims, self._worker, running
        )
        self._claims.is_confirmed = True
        return NOTHING

    async def _claim(self, limit: int) -> Claimed:
        claimed = await self._claims.claim(limit)
        for task in claimed.claim.tasks:
            self._publish_status(task)
        return claimed

    def _publish_status(self, task: AgentTask) -> None:
        if self._has_valid_lease():
            publish_change_to(self._dependencies.pubsub, task)

    # --- Executing --------------------------------------------------------------------

    def _start(self, task: AgentTask, history: History) -> None:
        execution = Execution(task, history, self._context)
        running = asyncio.create_task(self._execute(execution))
        self._running[running] = execution
        running.add_done_callback(self._free_slot)

    def _free_slot(self, ended: asyncio.Task[None]) -> None:
        was_full = len(self._running) >= self._worker.capacity
        self._running.pop(ended, None)
        if was_full or self._is_limited:
            self._signals.woken.set()

    async def _execute(self, execution: Execution) -> None:
        task = execution.task
        try:
            await execution.run()
        except AttemptLostError:
            await self._record_late_usage(execution)
        except Exception:
            # Even the failure cannot be stored: count the attempt as lost.
            log.exception("task.finish_failed", task_id=task.pk)
            await self._retry_until_available(
                recovery.lose_attempt, self._worker, execution.key
            )
        if task.parent_id:
            await self._retry_until_available(answer_from_children)

    async def _record_late_usage(self, execution: Execution) -> None:
        """Add the tokens that are not stored yet, if a cancel has ended the task."""
        usage = await execution.usage_since_last_step()
        await self._retry_until_available(
            late_usage.record_late_usage, self._worker, usage
        )

    # --- Stopping what lost its task --------------------------------------------------

    async def _watch_executions(self) -> None:
        """Abort, within a second, the executions whose attempt lost its task.

        The reads have a thread of their own, and the loop does not wait for an abort to
        end: no claim, no maintenance and no slow abort delays the next stop.
        """
        while True:
            if watched := self._abortable():
                keys = [execution.key for execution in watched.values()]
                held = await retry_until_available(
                    partial(self._watch_thread.run, fence.still_held, keys)
                )
                for running, execution in watched.items():
                    if execution.key not in held and not running.done():
                        self._abort(running, execution)
            await asyncio.sleep(WATCH_PAUSE_SECONDS)
            await self._signals.wait_for_change(WATCH_SECONDS)

    def _abortable(self) -> dict[asyncio.Task[None], Execution]:
        """Without those that store their result: they notice the loss themselves."""
        return {
            running: execution
            for running, execution in self._not_aborting().items()
            if not execution.is_finishing
        }

    def _not_aborting(self) -> dict[asyncio.Task[None], Execution]:
        return {
            running: execution
            for running, execution in self._running.items()
            if running not in self._aborting
        }

    def _abort(self, running: asyncio.Task[None], execution: Execution) -> None:
        """Cancel an execution, and record its late usage when it has ended."""

        async def finish() -> None:
            await asyncio.wait([running])
            self._aborting.discard(running)
            try:
                await self._record_late_usage(execution)
            except Exception as error:  # noqa: BLE001 - it must not end the session
                record_failure("late usage", error)

        running.cancel()
        self._aborting.add(running)
        record = self._group.create_task(finish())
        self._late_records.add(record)
        record.add_done_callback(self._late_records.discard)

    # --- Maintenance ------------------------------------------------------------------

    async def _maintain_queue(self) -> None:
        while True:
            if await self._retry_until_available(
                run_maintenance,
                leases_are_trustworthy=lambda: self._heartbeat.leases_are_trustworthy,
            ):
                self._signals.wake()
            # Jitter keeps workers that started together from running it together.
            jitter = random.uniform(0.8, 1.2)  # noqa: S311
            await asyncio.sleep(MAINTENANCE_SECONDS * jitter)
