"""The promises on time of a chaos run, and what excuses a delay."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from bench.chaos.evidence import Accepted, Evidence
from bench.chaos.faults.fault import Fault, Kind
from bench.chaos.recording_servers import RecordingProvider, RecordingTools, Request
from bench.chaos.recoveries import late_recoveries, recoveries
from bench.chaos.stops import late_stops, stale_requests
from bench.chaos.stored_tasks import StoredEvent, StoredTask
from bench.tests.test_chaos_checks import plan

BEGIN = 1_000_000.0


def fault(kind: Kind, start: float, end: float, *, worker: str = "") -> Fault:
    return Fault(kind, BEGIN + start, BEGIN + end, worker)


def event(attempt: int, seq: int, event_type: str, at: float) -> StoredEvent:
    created_at = datetime.fromtimestamp(BEGIN + at, UTC)
    return StoredEvent(attempt, seq, event_type, created_at, {"worker": f"w{attempt}"})


def evidence_of(*faults: Fault, is_embedded: bool = False) -> Evidence:
    evidence = Evidence(RecordingProvider({}), RecordingTools(), is_embedded)
    evidence.faults = list(faults)
    return evidence


def taken_over(at: float, *faults: Fault, is_embedded: bool = False) -> Evidence:
    """A task that the worker `w1` began at 0, and the next one at `at`."""
    evidence = evidence_of(*faults, is_embedded=is_embedded)
    stored: Any = cast("Any", StoredTask)(1, "completed", 2, "", "", 0, "task-0", None)
    stored.events = [
        event(1, 1, "attempt.started", 0),
        event(1, 2, "attempt.lost", at - 1),
        event(2, 1, "attempt.started", at),
    ]
    evidence.stored = {1: stored}
    return evidence


class TestRecovery:
    def test_is_measured_from_the_fault_of_its_worker(self) -> None:
        kill = fault(Kind.KILL_WORKER, 5, 5.1, worker="w1")
        other = fault(Kind.KILL_WORKER, 6, 6.1, worker="w7")

        (found,) = recoveries(taken_over(14, kill, other))

        assert (found.kind, found.seconds, found.late) == ("kill worker", 9, 9)

    @pytest.mark.parametrize(
        "kind",
        [Kind.KILL_WORKER, Kind.PAUSE_WORKER, Kind.POSTGRESQL_SILENT_FOR_ONE],
    )
    def test_must_not_take_longer_than_promised(self, kind: Kind) -> None:
        evidence = taken_over(20.5, fault(kind, 5, 19, worker="w1"))

        assert [one.promise for one in late_recoveries(evidence)] == ["P2 recovery"]

    def test_is_excused_until_the_database_is_back_and_no_longer(self) -> None:
        kill = fault(Kind.KILL_WORKER, 5, 5.1, worker="w1")
        silent = fault(Kind.POSTGRESQL_SILENT, 6, 20)

        in_time, late = taken_over(34, kill, silent), taken_over(36, kill, silent)

        assert late_recoveries(in_time) == []
        assert len(late_recoveries(late)) == 1

    def test_is_excused_while_the_machine_stalls(self) -> None:
        kill = fault(Kind.KILL_WORKER, 5, 5.1, worker="w1")
        stall = fault(Kind.STALL, 6, 10)

        assert late_recoveries(taken_over(23, kill, stall)) == []

    def test_of_the_only_process_counts_from_its_start(self) -> None:
        kill = fault(Kind.KILL_WEB, 5, 15, worker="w1")

        (found,) = recoveries(taken_over(16, kill, is_embedded=True))

        assert (found.kind, found.seconds, found.late) == ("kill web", 11, 1)


def cancelled(seconds: float, *faults: Fault) -> Evidence:
    """A task that was cancelled at 10, and whose request ended `seconds` later."""
    evidence = evidence_of(*faults)
    evidence.accepted = [Accepted(plan("task-0"), 1, cancelled_at=BEGIN + 10)]
    request = Request(BEGIN, BEGIN + 10 + seconds)
    evidence.provider.requests["task-0", 0].append(request)
    return evidence


class TestStop:
    @pytest.mark.parametrize(
        ("seconds", "faults", "promises"),
        [
            (0.9, [], []),
            (1.1, [], ["P6 stop"]),
            (1.1, [fault(Kind.REDIS_SILENT, 5, 15)], ["P6 stop"]),
            (12, [fault(Kind.POSTGRESQL_SILENT, 5, 30)], []),
            (14, [fault(Kind.POSTGRESQL_SILENT, 5, 30)], ["P6 stop"]),
            (14, [fault(Kind.PAUSE_WORKER, 5, 30)], []),
        ],
    )
    def test_has_a_limit_that_depends_on_what_is_broken(
        self, seconds: float, faults: list[Fault], promises: list[str]
    ) -> None:
        found = late_stops(cancelled(seconds, *faults))

        assert [one.promise for one in found] == promises


@pytest.mark.parametrize(
    ("end", "faults", "promises"),
    [
        (24, [], []),
        (26, [], ["P6 stale request"]),
        (26, [fault(Kind.PAUSE_WORKER, 15, 25)], []),
        (26, [fault(Kind.POSTGRESQL_SILENT_FOR_ONE, 15, 25)], ["P6 stale request"]),
    ],
)
def test_a_lost_worker_closes_its_request(
    end: float, faults: list[Fault], promises: list[str]
) -> None:
    evidence = evidence_of(*faults)
    requests = [Request(BEGIN, BEGIN + end), Request(BEGIN + 20, BEGIN + 40)]
    evidence.provider.requests["task-0", 0] += requests

    assert [one.promise for one in stale_requests(evidence)] == promises
