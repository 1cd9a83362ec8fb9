"""How long tasks took to go on after a fault (P2)."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.chaos.evidence import Evidence, Violation
from bench.chaos.faults.fault import WITHOUT_DATABASE, Fault, Kind
from bench.chaos.stored_tasks import StoredTask

RECOVERY_SECONDS = 15.0
# How an attempt ends whose worker died or has given up, so that another one follows.
BREAKS = {"attempt.lost", "attempt.released"}
# While one worker hangs, another one may be starting. With two, it may be the last.
HANGING = {Kind.PAUSE_WORKER, Kind.POSTGRESQL_SILENT_FOR_ONE}


@dataclass(frozen=True, slots=True)
class Recovery:
    """The time from a worker's fault to the next attempt at a task that it held.

    `late` are the seconds since another worker could have begun that attempt: since the
    fault, or since the end of the last one that kept all of them from it. Stalls of the
    machine do not count.
    """

    task_id: int
    kind: str
    seconds: float
    late: float


def recoveries(evidence: Evidence) -> list[Recovery]:
    return [
        recovery
        for stored in evidence.stored.values()
        for recovery in _recoveries_of(evidence, stored)
    ]


def late_recoveries(evidence: Evidence) -> list[Violation]:
    return [
        Violation("P2 recovery", one.task_id, f"{one.seconds:.1f} s after {one.kind}")
        for one in recoveries(evidence)
        if one.late > RECOVERY_SECONDS
    ]


def _recoveries_of(evidence: Evidence, stored: StoredTask) -> Iterator[Recovery]:
    started = {
        event.attempt: event
        for event in stored.events
        if event.type == "attempt.started"
    }
    for broken in stored.events:
        if broken.type not in BREAKS or broken.attempt + 1 not in started:
            continue
        start = started[broken.attempt]
        fault = _cause(
            evidence.faults,
            worker=str(start.data["worker"]),
            start=start.created_at.timestamp(),
            end=broken.created_at.timestamp(),
        )
        if fault:
            recovered_at = started[broken.attempt + 1].created_at.timestamp()
            yield _recovery(evidence, stored.id, fault, recovered_at)


def _recovery(
    evidence: Evidence, task_id: int, fault: Fault, recovered_at: float
) -> Recovery:
    during = [o for o in evidence.faults if o.overlaps(fault.started_at, recovered_at)]
    kinds = WITHOUT_DATABASE
    if evidence.is_embedded:
        kinds = kinds | {Kind.PAUSE_WORKER, Kind.KILL_WEB}
    elif sum(one.kind in HANGING for one in during) > 1:
        kinds = kinds | HANGING
    obstacles = [one for one in during if one.kind in kinds]
    possible_at = max(
        (one.ended_at or recovered_at for one in obstacles), default=fault.started_at
    )
    stalled = sum(
        min(one.ended_at or recovered_at, recovered_at)
        - max(one.started_at, possible_at)
        for one in during
        if one.kind == Kind.STALL and one.overlaps(possible_at, recovered_at)
    )
    is_delayed = any(one is not fault for one in obstacles)
    return Recovery(
        task_id,
        f"delayed {fault.kind}" if is_delayed else str(fault.kind),
        recovered_at - fault.started_at,
        recovered_at - possible_at - stalled,
    )


def _cause(
    faults: list[Fault], *, worker: str, start: float, end: float
) -> Fault | None:
    """The last fault of a worker in an interval, or else the last one of all workers."""
    between = [one for one in faults if start <= one.started_at <= end]
    own = [one for one in between if one.worker == worker]
    common = [one for one in between if one.kind in WITHOUT_DATABASE]
    return next(iter([*own[-1:], *common[-1:]]), None)
