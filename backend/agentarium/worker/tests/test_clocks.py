"""A worker whose machine has a wrong clock, and a database whose clock is set."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from agentarium.accounts.models import User
from agentarium.core.job_registry import JOBS
from agentarium.db import clock
from agentarium.db.clock import Now
from agentarium.db.threads import DatabaseThreads
from agentarium.operations.job_runner import run_due_jobs
from agentarium.tasks.models import (
    AgentTask,
    Event,
    PeriodicJob,
    Step,
    Submission,
    ToolCall,
    Worker,
)
from agentarium.tasks.services import expire_calls
from agentarium.tasks.tests.factories import EventFactory, TaskFactory
from agentarium.worker import leases
from agentarium.worker.leases import Heartbeat, declare_lost, register_worker
from agentarium.worker.queue.claims import claim_tasks
from agentarium.worker.queue.recovery import recover_tasks
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.scripted import ScriptedModel

DAY = timedelta(days=1)
WRONG = [100 * DAY, -100 * DAY, timedelta(hours=1), timedelta(hours=-1)]


@pytest.fixture(params=WRONG, ids=str)
def ahead(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> timedelta:
    """How far this machine's clock is ahead of the database's."""
    ahead: timedelta = request.param
    real_now, real_seconds = timezone.now, clock.machine_seconds
    monkeypatch.setattr(timezone, "now", lambda: real_now() + ahead)
    monkeypatch.setattr(
        clock, "machine_seconds", lambda: real_seconds() + ahead.total_seconds()
    )
    return ahead


def ended(owner: User, *, days: float = 0) -> AgentTask:
    """A task that ended that many days ago, with an event that retention deletes."""
    at = clock.now() - timedelta(days=days)
    task = TaskFactory.create(owner=owner, completed=True, finished_at=at)
    EventFactory.create(task=task, attempt=1, seq=2, type="step.completed")
    return task


def logs() -> int:
    return Event.objects.filter(type="step.completed").count()


class TestWrongMachine:
    def test_deletes_no_log_and_no_key_of_today(
        self, owner: User, ahead: timedelta
    ) -> None:
        Submission.objects.create(
            owner=owner, key="k", body_hash="h", task=ended(owner)
        )

        run_due_jobs()

        assert logs() == 1
        assert Submission.objects.exists()

    def test_deletes_what_is_old_by_the_databases_clock(
        self, owner: User, ahead: timedelta
    ) -> None:
        ended(owner, days=91)

        for _ in range(2):
            run_due_jobs()

        assert logs() == 0

    async def test_times_on_rows_are_the_databases(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: Callable[..., Any],
        database: DatabaseThreads,
        ahead: timedelta,
    ) -> None:
        async with running(ScriptedModel("Hello")):
            await wait_for_status(task, "completed")

        moments = await database.run(_moments, task)
        tolerance = timedelta(minutes=1)
        end = await database.run(_database_time)
        assert [at for at in moments if abs(end - at) > tolerance] == []
        assert len(moments) == 9

    def test_an_undecided_call_expires_by_the_databases_clock(
        self, task: AgentTask, ahead: timedelta
    ) -> None:
        call = ToolCall.objects.create(
            task=task,
            step=1,
            tool_call_id="a",
            name="send",
            effect="write",
            arguments="{}",
            status=ToolCall.Status.WAITING,
            waits_for=ToolCall.WaitsFor.APPROVAL,
            expires_at=_database_time() + timedelta(minutes=1),
        )

        early = expire_calls()
        ToolCall.objects.filter(pk=call.pk).update(
            expires_at=_database_time() - timedelta(seconds=1)
        )

        assert (early, expire_calls()) == (0, 1)

    def test_is_shown_with_the_worker(
        self, transactional_db: None, ahead: timedelta
    ) -> None:
        worker = register_worker(capacity=1)
        first = worker.clock_offset_seconds
        leases.renew_lease(worker)

        worker.refresh_from_db()
        assert worker.has_wrong_clock
        expected = pytest.approx(ahead.total_seconds(), abs=5)
        assert [first, worker.clock_offset_seconds] == [expected, expected]


def _moments(task: AgentTask) -> list[datetime]:
    """Every time in the record of a task that has ended."""
    task.refresh_from_db()
    step = Step.objects.get(task=task)
    events = task.events.values_list("created_at", flat=True)
    found = [task.created_at, task.started_at, task.finished_at, *events]
    return [at for at in [*found, step.started_at, step.finished_at] if at]


def _database_time() -> datetime:
    return Worker.objects.create(name="clock", capacity=1, lease_until=Now()).started_at


class TestDatabaseWhoseClockIsSet:
    """On SQLite the database's clock is the machine's, which a person may set."""

    @pytest.fixture
    def set_clock(
        self, transactional_db: None, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[timedelta], None]:
        real_now = clock.now

        def set_by(moved: timedelta) -> None:
            monkeypatch.setattr(clock, "now", lambda: real_now() + moved)
            PeriodicJob.objects.update(due_at=Now())

        return set_by

    def test_one_run_deletes_one_more_day_at_most(
        self, owner: User, set_clock: Callable[[timedelta], None]
    ) -> None:
        run_due_jobs()
        for days in (0, 88, 89.5):
            ended(owner, days=days)

        set_clock(100 * DAY)
        run_due_jobs()

        assert logs() == 2

    def test_jobs_catch_up_after_a_long_pause(
        self, owner: User, set_clock: Callable[[timedelta], None]
    ) -> None:
        run_due_jobs()
        ended(owner, days=88)

        for _ in range(3):
            set_clock(100 * DAY)
            run_due_jobs()
            run_due_jobs()

        assert logs() == 0

    def test_jobs_run_after_it_was_set_back(self, transactional_db: None) -> None:
        run_due_jobs()
        PeriodicJob.objects.update(due_at=Now() + 100 * DAY)

        run_due_jobs()

        assert not PeriodicJob.objects.filter(due_at__gt=Now() + DAY).exists()
        assert PeriodicJob.objects.count() == len(JOBS)

    def test_the_lease_of_a_dead_worker_ends_after_it_was_set_back(
        self, task: AgentTask
    ) -> None:
        dead = register_worker(capacity=1)
        claim_tasks(dead, limit=1)
        Worker.objects.update(lease_until=Now() + 100 * DAY)

        assert recover_tasks(leases_are_trustworthy=lambda: True) == [task]
        assert not Worker.objects.get().has_stopped

    def test_leases_prove_nothing_until_live_workers_have_renewed_theirs(
        self, transactional_db: None, monkeypatch: pytest.MonkeyPatch, settings: Any
    ) -> None:
        settings.LEASE_SECONDS = 10
        start = clock.monotonic_seconds()
        monkeypatch.setattr(leases, "monotonic_seconds", lambda: start - 5)
        heartbeat = Heartbeat(register_worker(capacity=1), on_lost=lambda: None)
        monkeypatch.setattr(leases, "monotonic_seconds", lambda: start)
        heartbeat.renew()
        before = heartbeat.leases_are_trustworthy
        asked = []

        def is_trusted() -> bool:
            asked.append(heartbeat.leases_are_trustworthy)
            return asked[-1]

        offset = clock.CLOCK._offset
        assert offset is not None
        monkeypatch.setattr(clock.CLOCK, "_offset", offset - 3600)
        # It is the process's: the tests after this one get it back.
        monkeypatch.setattr(clock.CLOCK, "set_at", float("-inf"))
        declare_lost(leases_are_trustworthy=is_trusted)

        assert (before, asked) == (True, [False])
