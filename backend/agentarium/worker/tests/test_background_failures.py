"""Errors that are not the database's, such as too many open files, in background work.

The work is tried again, and the process and its attempts go on.
"""

import asyncio
import errno
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import timedelta
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, ProgrammingError
from psycopg import errors

from agentarium.core import job_registry
from agentarium.core.job_registry import JobDefinition
from agentarium.db.clock import Now
from agentarium.observability import background
from agentarium.observability.metrics import BACKGROUND_FAILURES
from agentarium.operations.job_runner import run_due_jobs
from agentarium.tasks import fence
from agentarium.tasks.models import AgentTask, Worker
from agentarium.tests.eventually import eventually
from agentarium.worker import leases, liveness_lock, runner, session
from agentarium.worker.leases import Heartbeat, register_worker
from agentarium.worker.queue import claims, late_usage, maintenance
from agentarium.worker.queue.recovery import recover_tasks
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.scripted import ScriptedModel
from agentarium.worker.tests.test_connection_errors import Failing
from agentarium.worker.writing import event_writer, writes
from agentarium.worker.writing.writes import AttemptWrite

WaitForStatus = Callable[..., Awaitable[AgentTask]]


def too_many_files() -> OSError:
    return OSError(errno.EMFILE, "Too many open files")


def failures_of(work: str) -> float:
    value: float = BACKGROUND_FAILURES.labels(work)._value.get()
    return value


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(runner, "RESTART_SECONDS", 0.01)
    monkeypatch.setattr(session, "MAINTENANCE_SECONDS", 0.05)


class TestAnAttemptSurvives:
    @pytest.mark.parametrize(
        ("module", "name", "error"),
        [
            (fence, "still_held", too_many_files()),
            (fence, "still_held", RuntimeError("a bug")),
            (claims, "claim", too_many_files()),
            (session, "run_maintenance", too_many_files()),
            (session, "run_maintenance", RuntimeError("a bug")),
            (event_writer, "write_all", too_many_files()),
        ],
    )
    async def test_a_failure(
        self,
        module: Any,
        name: str,
        error: Exception,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        gate = asyncio.Event()
        model = ScriptedModel("Yes", gate=gate)

        async with running(model):
            await wait_for_status(task, "running")
            failing = Failing(getattr(module, name), error)
            monkeypatch.setattr(module, name, failing)
            gate.set() if name == "write_all" else None
            await eventually("the failure", lambda: not failing.errors)
            gate.set()
            ended = await wait_for_status(task, "completed")

        assert (ended.attempt, ended.lost_attempts) == (1, 0)
        assert len(model.calls) == 1

    async def test_a_failed_report_that_the_loop_is_alive(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        failing = Failing(lambda: None, too_many_files())
        monkeypatch.setattr(Heartbeat, "report_loop_alive", lambda _: failing())

        async with running(ScriptedModel("Yes")):
            ended = await wait_for_status(task, "completed")

        assert failing.errors == []
        assert ended.lost_attempts == 0


async def test_a_task_is_claimed_after_a_failed_claim(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failing = Failing(claims.claim, too_many_files(), is_late=True)
    monkeypatch.setattr(claims, "claim", failing)

    async with running(ScriptedModel("Yes")):
        ended = await wait_for_status(task, "completed")

    assert (ended.attempt, ended.lost_attempts) == (2, 0)


async def test_a_task_runs_in_the_next_session_if_one_cannot_begin(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failing = Failing(leases.register_worker, too_many_files())
    monkeypatch.setattr(leases, "register_worker", failing)

    async with running(ScriptedModel("Yes")):
        ended = await wait_for_status(task, "completed")

    assert failing.errors == []
    assert ended.attempt == 1


async def test_an_attempt_whose_writes_fail_for_good_is_lost(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It neither runs for ever nor ends the session."""
    failing = Failing(writes.write_all, TypeError("a bug"))
    monkeypatch.setattr(event_writer, "write_all", failing)

    async with running(ScriptedModel("Yes")):
        ended = await wait_for_status(task, "completed")

    assert failing.errors == []
    assert (ended.attempt, ended.lost_attempts) == (2, 1)


def database_error(sqlstate: str) -> Exception:
    """An error of PostgreSQL, as Django raises it."""
    error = ProgrammingError(f"a made-up {sqlstate}")
    error.__cause__ = errors.lookup(sqlstate)("made up")
    return error


class FailingFor:
    """`write_all`, which fails for the finish of a task until `errors` is empty."""

    def __init__(self, task: AgentTask, *errors: Exception) -> None:
        self._task = task
        self.errors = list(errors)

    def __call__(self, batch: Sequence[AttemptWrite]) -> Any:
        ours = [write for write in batch if write.task_id == self._task.pk]
        if self.errors and any(write.finish for write in ours):
            raise self.errors.pop(0)
        return writes.write_all(batch)


@pytest.mark.parametrize("sqlstate", ["26000", "42P05", "42P01", "0A000"])
async def test_what_the_database_cannot_do_now_is_done_later(
    sqlstate: str,
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It says nothing about the answer, which is whole."""
    failing = FailingFor(task, *(database_error(sqlstate) for _ in range(3)))
    monkeypatch.setattr(event_writer, "write_all", failing)
    monkeypatch.setattr(event_writer, "KEPT_PAUSE_SECONDS", 0.01)
    model = ScriptedModel("Yes")

    async with running(model):
        ended = await wait_for_status(task, "completed")

    assert failing.errors == []
    assert (ended.attempt, ended.lost_attempts, ended.output_text) == (1, 0, "Yes")
    assert len(model.calls) == 1


@pytest.mark.parametrize("sqlstate", ["22P05", "23514", "54000"])
async def test_what_the_database_can_never_store_fails_the_task(
    sqlstate: str,
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failing = FailingFor(task, database_error(sqlstate))
    monkeypatch.setattr(event_writer, "write_all", failing)

    async with running(ScriptedModel("Yes")):
        ended = await wait_for_status(task, "failed")

    assert (ended.attempt, ended.error_code) == (1, "not_storable")


async def test_a_write_that_is_kept_delays_no_other_task(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    submit: Callable[..., AgentTask],
    database: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failing = FailingFor(task, *repeat(database_error("42P01"), 1_000_000))
    monkeypatch.setattr(event_writer, "write_all", failing)
    monkeypatch.setattr(event_writer, "KEPT_SECONDS", 3600)

    async with running(ScriptedModel("Yes")):
        await eventually("a failure", lambda: len(failing.errors) < 1_000_000)
        other = await database.run(submit)
        await wait_for_status(other, "completed")
        still = await database.run(AgentTask.objects.get, pk=task.pk)
        failing.errors.clear()
        ended = await wait_for_status(task, "completed")

    assert (still.status, ended.attempt) == ("running", 1)


async def test_an_attempt_whose_write_is_refused_for_long_is_lost(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It neither runs for ever, nor is its output to blame."""
    failing = FailingFor(task, database_error("42601"))
    monkeypatch.setattr(event_writer, "write_all", failing)
    monkeypatch.setattr(event_writer, "KEPT_SECONDS", 0)

    async with running(ScriptedModel("Yes")):
        ended = await wait_for_status(task, "completed")

    assert (ended.attempt, ended.lost_attempts) == (2, 1)


async def test_an_aborted_attempt_whose_usage_cannot_be_recorded_ends_no_session(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    submit: Callable[..., AgentTask],
    database: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = asyncio.Event()
    failing = Failing(late_usage.record_late_usage, too_many_files())
    monkeypatch.setattr(late_usage, "record_late_usage", failing)
    before = failures_of("worker session")

    async with running(ScriptedModel("Yes", gate=gate)):
        await wait_for_status(task, "running")
        await database.run(
            AgentTask.objects.filter(pk=task.pk).update, status="pending", worker=None
        )
        await eventually("the failure", lambda: not failing.errors)
        gate.set()
        await wait_for_status(await database.run(submit), "completed")

    assert failures_of("worker session") == before


class TestMaintenance:
    STEPS = ("recover_tasks", "queue_due_tasks", "expire_calls", "answer_from_children")

    @pytest.mark.parametrize("broken", [*STEPS, "run_due_jobs"])
    @pytest.mark.django_db
    def test_a_step_that_fails_does_not_stop_the_others(
        self, broken: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        done: list[str] = []

        def recorded(name: str) -> Callable[..., list[int]]:
            def step(**_: object) -> list[int]:
                if name == broken:
                    raise too_many_files()
                done.append(name)
                return []

            return step

        for name in (*self.STEPS, "run_due_jobs"):
            monkeypatch.setattr(maintenance, name, recorded(name))

        maintenance.run_maintenance(leases_are_trustworthy=lambda: True)

        assert {*done, broken} == {*self.STEPS, "run_due_jobs"}

    @pytest.mark.django_db
    def test_an_unavailable_database_is_reported(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        failing = Failing(lambda: 0, OperationalError("gone"))
        monkeypatch.setattr(maintenance, "queue_due_tasks", failing)

        with pytest.raises(OperationalError):
            maintenance.run_maintenance(leases_are_trustworthy=lambda: True)


@pytest.mark.django_db
class TestPeriodicJobs:
    @pytest.mark.parametrize(
        "error", [too_many_files(), RuntimeError("a bug"), OperationalError("gone")]
    )
    def test_a_job_that_fails_runs_again_and_does_not_stop_the_others(
        self, error: Exception, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        runs: list[str] = []
        failing = Failing(lambda *_: runs.append("failing"), error)
        every = timedelta(hours=1)
        jobs = {
            "failing": JobDefinition(failing, every),
            "other": JobDefinition(lambda *_: runs.append("other"), every),
        }
        monkeypatch.setattr(job_registry, "JOBS", jobs)
        before = failures_of("job failing")

        run_due_jobs()
        assert runs == ["other"]
        run_due_jobs()

        assert runs == ["other", "failing"]
        assert failures_of("job failing") == before + 1


class TestHeartbeat:
    def test_goes_on_after_a_failed_renewal(
        self, task: AgentTask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        heartbeat = Heartbeat(register_worker(capacity=1), on_lost=lambda: None)
        failing = Failing(leases.renew_lease, too_many_files())
        monkeypatch.setattr(leases, "renew_lease", failing)

        assert (heartbeat.renew(), heartbeat.renew()) == (True, True)

    def test_the_leases_decide_when_the_liveness_locks_cannot_be_listed(
        self, task: AgentTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        worker = register_worker(capacity=1)
        claims.claim_tasks(worker, limit=1)
        Worker.objects.update(lease_until=Now() - timedelta(seconds=1))

        def refuse(_: Path) -> Iterator[Path]:
            raise too_many_files()

        monkeypatch.setattr(liveness_lock, "_folder", lambda: tmp_path)
        monkeypatch.setattr(Path, "iterdir", refuse)

        assert recover_tasks(leases_are_trustworthy=lambda: True) == [task]

    def test_a_worker_starts_without_a_liveness_lock(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise too_many_files()

        monkeypatch.setattr(liveness_lock, "_folder", lambda: tmp_path / "workers")
        monkeypatch.setattr(Path, "mkdir", refuse)
        lock = liveness_lock.LivenessLock(1)

        lock.acquire()
        lock.release()

        assert not (tmp_path / "workers").exists()
