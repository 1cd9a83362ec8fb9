"""Which workers are dead: by their leases, and by their liveness locks."""

import fcntl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from agentarium.db.clock import Now
from agentarium.observability.metrics import REGISTRY
from agentarium.tasks.models import AgentTask, Worker
from agentarium.worker import leases, liveness_lock
from agentarium.worker.leases import Heartbeat, register_worker
from agentarium.worker.queue.claims import claim_tasks
from agentarium.worker.queue.recovery import recover_tasks


@pytest.fixture
def worker(task: AgentTask) -> Worker:
    """A worker that has claimed the task."""
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
    monkeypatch.setattr(leases, "monotonic_seconds", clock)
    return clock


@pytest.fixture
def heartbeat(worker: Worker, clock: Clock) -> Heartbeat:
    return Heartbeat(worker, on_lost=lambda: None)


class TestRecovery:
    def test_recovers_nothing_from_a_worker_with_a_lease(self, worker: Worker) -> None:
        assert recover_tasks(leases_are_trustworthy=lambda: True) == []

    def test_recovers_the_tasks_of_a_worker_whose_lease_expired(
        self, worker: Worker, task: AgentTask
    ) -> None:
        Worker.objects.update(lease_until=Now() - timedelta(seconds=1))

        assert recover_tasks(leases_are_trustworthy=lambda: True) == [task]

    def test_an_expired_lease_proves_nothing_after_an_outage_of_the_database(
        self, worker: Worker
    ) -> None:
        Worker.objects.update(lease_until=Now() - timedelta(seconds=1))

        assert recover_tasks(leases_are_trustworthy=lambda: False) == []
        assert leases.renew_lease(worker)

    def test_recovers_immediately_from_a_worker_whose_process_died(
        self, worker: Worker, task: AgentTask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(leases, "find_dead_workers", lambda: [worker.pk])

        assert recover_tasks(leases_are_trustworthy=lambda: False) == [task]
        assert not leases.renew_lease(worker)
        assert not Worker.objects.get().has_stopped

    def test_the_number_of_statements_does_not_grow_with_the_tasks(
        self, worker: Worker, submit: Callable[..., AgentTask]
    ) -> None:
        few = _count_recovery_statements(worker)
        for _ in range(9):
            submit()
        worker = register_worker(capacity=10)
        claim_tasks(worker, limit=10)
        many = _count_recovery_statements(worker)

        assert few == many
        assert AgentTask.objects.filter(status="pending").count() == 10
        ranks = AgentTask.objects.values_list("rank", flat=True)
        assert len(set(ranks)) == 10


def _count_recovery_statements(worker: Worker) -> int:
    leases.release_lease(worker)
    with CaptureQueriesContext(connection) as queries:
        recover_tasks(leases_are_trustworthy=lambda: True)
    return len(queries)


class TestHeartbeat:
    def test_trusts_leases_a_while_after_its_start(
        self, heartbeat: Heartbeat, clock: Clock
    ) -> None:
        clock.now += 3.9
        heartbeat.renew()
        before = heartbeat.leases_are_trustworthy
        clock.now += 0.1

        assert (before, heartbeat.leases_are_trustworthy) == (False, True)

    @pytest.mark.parametrize("error", [OperationalError, InterfaceError])
    def test_does_not_trust_leases_during_and_shortly_after_an_outage(
        self,
        heartbeat: Heartbeat,
        clock: Clock,
        monkeypatch: pytest.MonkeyPatch,
        error: type[Exception],
    ) -> None:
        answers = iter([True, error(), error(), True, True, True, True])
        monkeypatch.setattr(
            leases, "renew_lease", lambda _: _return_or_raise(next(answers))
        )
        trusted = []

        for _ in range(7):
            clock.now += 2.5
            heartbeat.renew()
            trusted.append(heartbeat.leases_are_trustworthy)

        # The second and the third renewal failed.
        assert trusted == [False, True, True, False, False, True, True]

    def test_its_lease_is_valid_until_it_expires(
        self, heartbeat: Heartbeat, clock: Clock
    ) -> None:
        clock.now += 9.9
        before = heartbeat.is_valid
        clock.now += 0.1

        assert (before, heartbeat.is_valid) == (True, False)

    @pytest.mark.parametrize(
        ("seconds", "server", "expected"),
        [
            (9.9, "silent", "go on"),
            (10, "silent", "end"),
            (10, "refusing", "go on"),
            (59.9, "refusing", "go on"),
            (60, "refusing", "end"),
        ],
    )
    def test_its_attempts_end_with_the_lease_unless_the_database_is_away_for_all(
        self,
        heartbeat: Heartbeat,
        clock: Clock,
        monkeypatch: pytest.MonkeyPatch,
        seconds: float,
        server: str,
        expected: str,
    ) -> None:
        monkeypatch.setattr(leases, "is_server_refusing", lambda: server == "refusing")
        clock.now += seconds

        # On SQLite there is no server, and liveness locks decide.
        has_server = connection.vendor == "postgresql"
        assert heartbeat.is_given_up == (expected == "end" and has_server)

    def test_shows_its_lease_in_the_metrics(
        self, heartbeat: Heartbeat, clock: Clock
    ) -> None:
        heartbeat.start()
        clock.now += 10
        expired = _lease_metrics()
        heartbeat.renew()
        renewed = _lease_metrics()
        heartbeat.stop()

        assert expired == [10, 0]
        assert renewed == [0, 1]
        assert _lease_metrics()[1] == 0


def _lease_metrics() -> list[float | None]:
    names = ("agentarium_lease_age_seconds", "agentarium_lease_valid")
    return [REGISTRY.get_sample_value(name) for name in names]


def _return_or_raise(answer: object) -> bool:
    if isinstance(answer, Exception):
        raise answer
    return bool(answer)


class TestLivenessLock:
    @pytest.fixture(autouse=True)
    def folder(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
        folder = tmp_path / "workers"
        monkeypatch.setattr(liveness_lock, "_folder", lambda: folder)
        return folder

    def test_finds_workers_whose_file_is_not_locked(self, folder: Path) -> None:
        alive = liveness_lock.LivenessLock(1)
        alive.acquire()
        (folder / "2").touch()

        assert liveness_lock.find_dead_workers() == [2]
        alive.release()

    def test_removes_its_file_when_released(self, folder: Path) -> None:
        stopped = liveness_lock.LivenessLock(1)
        stopped.acquire()
        stopped.release()
        stopped.release()

        assert liveness_lock.find_dead_workers() == []
        assert list(folder.iterdir()) == []

    def test_a_worker_without_a_file_is_not_dead(self) -> None:
        assert liveness_lock.find_dead_workers() == []

    def test_works_without_file_locks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise OSError("No locks here.")

        monkeypatch.setattr(fcntl, "flock", refuse)
        alive = liveness_lock.LivenessLock(1)
        alive.acquire()

        assert liveness_lock.find_dead_workers() == []
        alive.release()
