"""Runs the work whose duration outsiders' data decides in processes that can be killed.

A thread would not help: native code holds the interpreter lock, and cannot be stopped.
"""

import asyncio
import atexit
import threading
from collections import Counter
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Literal

import structlog

from agentarium.runtime.utility_process.fair_queue import FairQueue
from agentarium.runtime.utility_process.frames import encoded
from agentarium.runtime.utility_process.process import UtilityProcess
from agentarium.runtime.utility_process.recent_timeouts import RecentTimeouts, key_of

log = structlog.get_logger(__name__)

SIZE = 2
# Of the time for one request: who has used more lately comes after the others.
SHARE = 0.5
MAX_REQUESTS = 300
IDLE_SECONDS = 60.0

# Why a process could not finish: it ran out of time, or ended by itself, as it does
# without memory.
Failure = Literal["timeout", "died"]
# Module and failure -> how often, in this process.
failures: Counter[tuple[str, Failure]] = Counter()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answers of a process in their order; with a failure, those before it."""

    answers: list[Any]
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class _Job:
    owner: int
    frame: bytes
    # Of the request, and of the one that it begins with.
    key: bytes
    beginning: bytes | None
    future: Future[Outcome] = field(default_factory=Future)


class UtilityPool:
    """At most two processes of a module, started when they are needed.

    Any thread and any event loop may use it. Owners who have used more than their share
    of time have at most one of the processes, so that the requests of a few persons,
    however slow, leave the other to everybody else. `seconds` is the limit for one
    request, from its start. Requests that exceeded it are remembered for a while, and
    not tried again.
    """

    def __init__(self, module: str, *, seconds: float) -> None:
        self._module = module
        self._seconds = seconds
        self._changed = threading.Condition()
        self._queue: FairQueue[_Job] = FairQueue(SIZE, share=seconds * SHARE)
        self._timeouts = RecentTimeouts()
        self._threads: set[threading.Thread] = set()
        self._processes: set[UtilityProcess] = set()
        self._idle = 0
        self._is_closed = False
        atexit.register(self.close)

    async def ask(self, request: Any, *, owner: int, beginning: Any = None) -> Outcome:
        """The outcome of a request, for code on an event loop. See `submit`."""
        future = self.submit(request, owner=owner, beginning=beginning)
        return await asyncio.wrap_future(future)

    def submit(
        self, request: Any, *, owner: int, beginning: Any = None
    ) -> "Future[Outcome]":
        """Queue a request of an owner. Raises `TypeError` if it is not JSON.

        `beginning` is a request whose work this one begins with: if that takes too long,
        so does this.
        """
        frame = self._frame(request)
        begins_as = None if beginning is None else key_of(self._frame(beginning))
        job = _Job(owner, frame, key_of(frame), begins_as)
        with self._changed:
            known = self._known_timeout(job)
            if known is not None:
                job.future.set_result(Outcome(known, "timeout"))
                return job.future
            self._is_closed = False
            self._queue.put(owner, job)
            if self._queue.ready_owners > self._idle and len(self._threads) < SIZE:
                self._start_thread()
            self._changed.notify_all()
        return job.future

    def close(self) -> None:
        """End all processes immediately, and cancel what waits. The next request starts new ones."""
        with self._changed:
            self._is_closed = True
            for job in self._queue.clear():
                job.future.cancel()
            threads = [*self._threads]
            for process in self._processes:
                process.kill()
            self._changed.notify_all()
        for thread in threads:
            thread.join()

    def _frame(self, request: Any) -> bytes:
        return encoded({"request": request, "seconds": self._seconds})

    def _known_timeout(self, job: _Job) -> list[Any] | None:
        if job.beginning and self._timeouts.find(job.beginning) == []:
            return []
        return self._timeouts.find(job.key)

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._run, name="utility", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _run(self) -> None:
        """Do jobs with one process at a time, until there has been none for a while."""
        process: UtilityProcess | None = None
        while job := self._next_job():
            seconds = 0.0
            try:
                process, seconds = self._done(job, process)
            finally:
                with self._changed:
                    self._queue.done(job.owner, seconds)
                    self._changed.notify_all()
        if process is not None:
            self._close(process)

    def _next_job(self) -> _Job | None:
        """Wait for a job; None ends the thread."""
        with self._changed:
            while (job := self._queue.take()) is None:
                self._idle += 1
                is_notified = not self._is_closed and self._changed.wait(IDLE_SECONDS)
                self._idle -= 1
                if not is_notified:
                    self._threads.discard(threading.current_thread())
                    return None
            return job

    def _done(
        self, job: _Job, process: UtilityProcess | None
    ) -> tuple[UtilityProcess | None, float]:
        """Do a job. Returns the process for the next one, and the seconds it has used."""
        if not job.future.set_running_or_notify_cancel():
            return process, 0.0
        process = self._if_alive(process)
        answers: list[Any] = []
        failure: Failure | None = None
        try:
            process = process or self._start()
            # One by one: those before a failure count.
            for answer in process.ask(job.frame, self._seconds):
                answers.append(answer)  # noqa: PERF402
        except TimeoutError:
            failure = "timeout"
        except (EOFError, OSError):
            failure = "died"
        if failure:
            self._report(failure, job, answers)
        job.future.set_result(Outcome(answers, failure))
        if process is None:
            return None, 0.0
        seconds = process.used_seconds
        if failure or process.requests >= MAX_REQUESTS:
            # Who comes next must not wait for the start of another.
            process = self._replaced(process)
        return process, seconds

    def _if_alive(self, process: UtilityProcess | None) -> UtilityProcess | None:
        if process is not None and not process.is_alive:
            self._close(process)
            return None
        return process

    def _replaced(self, process: UtilityProcess) -> UtilityProcess | None:
        self._close(process)
        try:
            return None if self._is_closed else self._start()
        except (EOFError, OSError):
            return None

    def _start(self) -> UtilityProcess:
        process = UtilityProcess(self._module)
        with self._changed:
            self._processes.add(process)
            if self._is_closed:
                process.kill()
        return process

    def _close(self, process: UtilityProcess) -> None:
        with self._changed:
            self._processes.discard(process)
        process.close()

    def _report(self, failure: Failure, job: _Job, answers: list[Any]) -> None:
        if failure == "timeout":
            with self._changed:
                self._timeouts.add(job.key, answers)
                if job.beginning and not answers:
                    self._timeouts.add(job.beginning, [])
        failures[self._module, failure] += 1
        log.warning(
            "utility_process.failed",
            module=self._module,
            failure=failure,
            owner_id=job.owner,
        )
