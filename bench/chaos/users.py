"""The users of a run: they submit, watch and cancel tasks, and decide approvals."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from bench.chaos.client import User
from bench.chaos.evidence import Accepted, Evidence
from bench.chaos.faults.fault import Kind
from bench.chaos.plan import Plan
from bench.chaos.stream_reader import Reader

POLL_SECONDS = 0.5
# The run ends if nothing happens for this long: no response and no recovery takes longer.
IDLE_SECONDS = 60.0
# Longer than any tool call takes, so a call without an effect by then is not running.
DECISION_SECONDS = 3.0
LIVE = "pending,running,waiting"
STALLED_READERS = 20


@dataclass(slots=True)
class Users:
    evidence: Evidence
    rng: random.Random
    _users: list[tuple[User, int]] = field(default_factory=list)
    _work: set[asyncio.Task[None]] = field(default_factory=set)
    _first_seen: dict[int, float] = field(default_factory=dict)
    _readers: list[Reader] = field(default_factory=list)

    def add(self, user: User, agent_id: int) -> None:
        self._users.append((user, agent_id))

    def raise_failures(self) -> None:
        """Raise the errors of background work."""
        for work in [work for work in self._work if work.done()]:
            self._work.discard(work)
            work.result()

    async def submit(self, plans: list[Plan]) -> None:
        """Submit each plan at its time; returns when all are accepted."""
        started_at = time.monotonic()
        submitting = []
        for plan in plans:
            await asyncio.sleep(started_at + plan.submit_at - time.monotonic())
            submitting.append(asyncio.create_task(self._submit(plan)))
        await asyncio.gather(*submitting)

    async def _submit(self, plan: Plan) -> None:
        user, agent_id = self._users[plan.user]
        body = {"agent": agent_id, "input_text": plan.name}
        key = {"Idempotency-Key": plan.name}
        _, task = await user.request("POST", "/api/tasks/run/", body, headers=key)
        accepted = Accepted(plan, task["id"])
        self.evidence.accepted.append(accepted)
        for _ in range(plan.readers):
            reader = Reader(user, accepted.task_id, random.Random(self._draw()))  # noqa: S311
            self.evidence.readers.append(reader)
            self._start(reader.run())
        if plan.cancel_after is not None:
            self._start(self._cancel(user, accepted, plan.cancel_after))

    def _draw(self) -> float:
        return self.rng.random()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._work.add(asyncio.create_task(work))

    async def _cancel(self, user: User, accepted: Accepted, after: float) -> None:
        await asyncio.sleep(after)
        accepted.may_be_cancelled = True
        path = f"/api/tasks/{accepted.task_id}/cancel/"
        status, _ = await user.request("POST", path, allowed=(409,))
        if status == 200:
            accepted.cancelled_at = time.time()

    async def decide(self) -> None:
        """Decide pending approvals, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for user, _ in self._users:
                group.create_task(self._decide_as(user))

    async def _decide_as(self, user: User) -> None:
        while True:
            _, page = await user.request("GET", "/api/approvals/?limit=100")
            await asyncio.gather(*(self._decide(user, row) for row in page["results"]))
            await asyncio.sleep(POLL_SECONDS)

    async def _decide(self, user: User, row: dict[str, Any]) -> None:
        call_id = orjson.loads(row["arguments"])["id"]
        path = f"/api/approvals/{row['id']}"
        if row["waits_for"] == "approval":
            self.evidence.approved.add(call_id)
            await user.request("POST", f"{path}/approve/", {}, allowed=(404, 409))
            return
        # Not immediately: the call may still be arriving or running.
        first_seen = self._first_seen.setdefault(row["id"], time.monotonic())
        is_young = time.monotonic() - first_seen < DECISION_SECONDS
        if is_young or self.evidence.tools.is_open(call_id) or self._is_paused():
            return
        is_done = self.evidence.tools.done_count(call_id) > 0
        outcome = {"outcome": "done", "result": "According to the tool server."}
        if not is_done:
            outcome = {"outcome": "repeat"}
            self.evidence.repeats[call_id] += 1
        self.evidence.resolved[call_id] = outcome["outcome"]
        # Another decision is needed if its next worker dies, too.
        self._first_seen.pop(row["id"])
        await user.request("POST", f"{path}/resolve/", outcome, allowed=(404, 409))

    def _is_paused(self) -> bool:
        """A paused worker may still send its call later, so the outcome is open."""
        return any(
            fault.kind == Kind.PAUSE_WORKER and fault.ended_at is None
            for fault in self.evidence.faults
        )

    @asynccontextmanager
    async def stalled_readers(self) -> AsyncIterator[None]:
        """Streams of the newest tasks, opened by readers that take nothing from them."""
        async with AsyncExitStack() as stack:
            for accepted in self.evidence.accepted[-STALLED_READERS:]:
                user, _ = self._users[accepted.plan.user]
                stream = user.unread_events(accepted.task_id)
                await stack.enter_async_context(stream)
            yield

    async def wait_for_ends(self) -> None:
        """Wait until no task is live, or until nothing happens for too long."""
        previous: object = None
        changed_at = time.monotonic()
        while time.monotonic() - changed_at < IDLE_SECONDS:
            self.raise_failures()
            live = [await _count_live_tasks(user) for user, _ in self._users]
            if not any(live):
                break
            if (now := (live, self.evidence.request_count)) != previous:
                previous, changed_at = now, time.monotonic()
            await asyncio.sleep(POLL_SECONDS)

    async def finish_reading(self) -> None:
        """Let readers finish; stop those that receive nothing any more."""
        for reader in self.evidence.readers:
            reader.is_interrupted = False
        left = set(self._work)
        while left:
            read = [reader.transcript.last_id for reader in self.evidence.readers]
            _, left = await asyncio.wait(left, timeout=IDLE_SECONDS)
            if read == [reader.transcript.last_id for reader in self.evidence.readers]:
                break
        self.raise_failures()
        for work in self._work:
            work.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)


async def _count_live_tasks(user: User) -> int:
    _, page = await user.request("GET", f"/api/tasks/?status={LIVE}&limit=1")
    return int(page["count"])
