"""Who is dead: by its lease, or by proof."""

import fcntl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from agentarium.db.clock import Now
from agentarium.tasks.models import AgentTask, Worker
from agentarium.worker import leases, liveness_lock
from agentarium.worker.leases import Heartbeat, register_worker
from agentarium.worker.queue.claims import claim_tasks, recover_tasks


@pytest.fixture
def worker(task: AgentTask) -> Worker:
    """It holds the task."""
    worker = register_worker(capacity=1)
    claim_tasks(worker, limit=1)
    return worker


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Clock:
    settings.LEASE_SECONDS = 10
    clock = Clock()
    monkeypatch.setattr(leases, "passed_seconds", clock)
    return clock


@pytest.fixture
def heartbeat(worker: Worker, clock: Clock) -> Heartbeat:
    return Heartbeat(worker, on_lost=lambda: None)


class TestRecovering:
    def test_leaves_who_has_a_lease(self, worker: Worker) -> None:
        assert recover_tasks(leases_are_trustworthy=lambda: True) == []

    def test_takes_from_whom_the_lease_ran_out(
        self, worker: Worker, task: AgentTask
    ) -> None:
        Worker.objects.update(lease_until=Now() - timedelta(seconds=1))

        assert recover_tasks(leases_are_trustworthy=lambda: True) == [task]

    def test_takes_no_lease_for_lost_while_the_database_has_been_away(
        self, worker: Worker
    ) -> None:
        Worker.objects.update(lease_until=Now() - timedelta(seconds=1))

        assert recover_tasks(leases_are_trustworthy=lambda: False) == []
        assert leases.renew_lease(worker)

    def test_takes_at_once_from_whose_process_is_gone(
        self, worker: Worker, task: AgentTask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(leases, "find_dead", lambda: [worker.pk])

        assert recover_tasks(leases_are_trustworthy=lambda: False) == [task]
        assert not leases.renew_lease(worker)
        assert not Worker.objects.get().has_stopped

    def test_takes_as_many_statements_for_many_tasks(
        self, worker: Worker, submit: Callable[..., AgentTask]
    ) -> None:
        few = _statements_of_recovering(worker)
        for _ in range(9):
            submit()
        worker = register_worker(capacity=10)
        claim_tasks(worker, limit=10)
        many = _statements_of_recovering(worker)

        assert few == many
        assert AgentTask.objects.filter(status="pending").count() == 10
        ranks = AgentTask.objects.values_list("rank", flat=True)
        assert len(set(ranks)) == 10


def _statements_of_recovering(worker: Worker) -> int:
    leases.release_lease(worker)
    with CaptureQueriesContext(connection) as queries:
        recover_tasks(leases_are_trustworthy=lambda: True)
    return len(queries)


class TestHeartbeat:
    def test_is_steady_some_time_after_its_begin(
        self, heartbeat: Heartbeat, clock: Clock
    ) -> None:
        clock.now += 3.9
        heartbeat.renew()
        before = heartbeat.leases_are_trustworthy
        clock.now += 0.1

        assert (before, heartbeat.leases_are_trustworthy) == (False, True)

    @pytest.mark.parametrize("error", [OperationalError, InterfaceError])
    def test_is_not_while_the_database_is_away_and_some_time_after_that(
        self,
        heartbeat: Heartbeat,
        clock: Clock,
        monkeypatch: pytest.MonkeyPatch,
        error: type[Exception],
    ) -> None:
        answers = iter([True, error(), error(), True, True, True, True])
        monkeypatch.setattr(leases, "renew_lease", lambda _: _give(next(answers)))
        steady = []

        for _ in range(7):
            clock.now += 2.5
            heartbeat.renew()
            steady.append(heartbeat.leases_are_trustworthy)

        # Of the renewals the second and the third failed.
        assert steady == [False, True, True, False, False, True, True]

    def test_has_a_valid_lease_for_as_long_as_one_lasts(
        self, heartbeat: Heartbeat, clock: Clock
    ) -> None:
        clock.now += 9.9
        before = heartbeat.is_valid
        clock.now += 0.1

        assert (before, heartbeat.is_valid) == (True, False)


def _give(answer: object) -> bool:
    if isinstance(answer, Exception):
        raise answer
    return bool(answer)


class TestPulse:
    @pytest.fixture(autouse=True)
    def folder(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
        folder = tmp_path / "workers"
        monkeypatch.setattr(liveness_lock, "_folder", lambda: folder)
        return folder

    def test_shows_who_is_dead(self, folder: Path) -> None:
        living = liveness_lock.LivenessLock(1)
        living.begin()
        (folder / "2").touch()

        assert liveness_lock.find_dead() == [2]
        living.end()

    def test_leaves_nothing_behind_when_it_ends(self, folder: Path) -> None:
        ended = liveness_lock.LivenessLock(1)
        ended.begin()
        ended.end()
        ended.end()

        assert liveness_lock.find_dead() == []
        assert list(folder.iterdir()) == []

    def test_takes_nobody_for_dead_who_has_no_file(self) -> None:
        assert liveness_lock.find_dead() == []

    def test_does_without_where_files_cannot_be_locked(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise OSError("No locks here.")

        monkeypatch.setattr(fcntl, "flock", refuse)
        living = liveness_lock.LivenessLock(1)
        living.begin()

        assert liveness_lock.find_dead() == []
        living.end()
