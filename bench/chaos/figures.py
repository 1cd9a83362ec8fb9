"""The figures of a run."""

from collections import Counter
from dataclasses import dataclass

from bench.chaos.checks import stopping_seconds
from bench.chaos.evidence import Evidence, Violation
from bench.chaos.faults import STALL, Fault
from bench.chaos.stored_tasks import StoredTask

RECOVERY_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Recovery:
    """The time from a worker's fault to the next attempt at a task that it held.

    It is "delayed" if the database or the only process was away meanwhile, so that no
    worker could recover the task. `excused` are the seconds for which the machine
    stalled, or for which the only process was starting.
    """

    task_id: int
    kind: str
    seconds: float
    excused: float


def recoveries(evidence: Evidence) -> list[Recovery]:
    return [
        recovery
        for stored in evidence.stored.values()
        for recovery in _recoveries_of(evidence, stored)
    ]


def _recoveries_of(evidence: Evidence, stored: StoredTask) -> list[Recovery]:
    started = {
        event.attempt: event
        for event in stored.events
        if event.type == "attempt.started"
    }
    found = []
    for lost in stored.events:
        if lost.type != "attempt.lost" or lost.attempt + 1 not in started:
            continue
        start = started[lost.attempt]
        fault = _cause(
            evidence.faults,
            worker=str(start.data["worker"]),
            start=start.created_at.timestamp(),
            end=lost.created_at.timestamp(),
        )
        if fault:
            recovered_at = started[lost.attempt + 1].created_at.timestamp()
            is_delayed = _is_delayed(evidence, fault, recovered_at)
            kind = f"delayed {fault.kind}" if is_delayed else fault.kind
            seconds = recovered_at - fault.started_at
            excused = _excused(evidence, fault, recovered_at)
            found.append(Recovery(stored.id, kind, seconds, excused))
    return found


def _excused(evidence: Evidence, fault: Fault, until: float) -> float:
    stalls = [one for one in evidence.faults if one.kind == STALL]
    if evidence.is_embedded and fault.ended_at:
        stalls.append(fault)
    return sum(
        min(one.ended_at or until, until) - max(one.started_at, fault.started_at)
        for one in stalls
        if one.overlaps(fault.started_at, until)
    )


def _cause(
    faults: list[Fault], *, worker: str, start: float, end: float
) -> Fault | None:
    """The last fault of a worker in an interval, or else the last one of all workers."""
    between = [one for one in faults if start <= one.started_at <= end]
    own = [one for one in between if one.worker == worker]
    common = [one for one in between if one.kind == "postgresql away"]
    return next(iter([*own[-1:], *common[-1:]]), None)


def _is_delayed(evidence: Evidence, fault: Fault, until: float) -> bool:
    kinds = ["postgresql away"]
    if evidence.is_embedded:
        kinds += ["pause worker", "kill web"]
    return any(
        other.kind in kinds and other.overlaps(fault.started_at, until)
        for other in evidence.faults
        if other is not fault
    )


def late_recoveries(evidence: Evidence) -> list[Violation]:
    return [
        Violation("P2 recovery", one.task_id, f"{one.seconds:.1f} s after {one.kind}")
        for one in recoveries(evidence)
        if one.kind.startswith("kill") and one.seconds - one.excused > RECOVERY_SECONDS
    ]


def figures(evidence: Evidence, violations: list[Violation]) -> dict[str, object]:
    """Return the figures to print, in order."""
    statuses = Counter(task.status for task in evidence.stored.values())
    faults = Counter(fault.kind for fault in evidence.faults)
    promises = Counter(violation.promise for violation in violations)
    model_calls = sum(map(len, evidence.provider.requests.values()))
    tool_calls = sum(map(len, evidence.tools.requests.values()))
    responses = sum(len(task.responses) for task in evidence.stored.values())
    results = sum(
        len(task.steps) - len(task.responses) for task in evidence.stored.values()
    )
    stops = [stopping_seconds(evidence, one) for one in evidence.tasks]
    return {
        "tasks accepted": len(evidence.accepted),
        "child tasks": len(evidence.children),
        "tasks by status": dict(statuses),
        "attempts": sum(task.attempt for task in evidence.stored.values()),
        "faults": dict(faults),
        "model requests": f"{model_calls} for {responses} stored responses",
        "tool requests": f"{tool_calls} for {results} stored results",
        "unknown outcomes": dict(Counter(evidence.resolved.values())),
        "reader connections": (
            f"{sum(reader.connections for reader in evidence.readers)}"
            f" of {len(evidence.readers)} readers"
        ),
        "events": sum(len(task.events) for task in evidence.stored.values()),
        "lost": promises["P1 lost"],
        "stuck": promises["P2 stuck"],
        "repeated": sum(
            promises[name]
            for name in (
                "P4 repeated model call",
                "P4 repeated tool call",
                "P4 calls",
                "P4 children",
                "P1 duplicate",
            )
        ),
        "out of order": sum(promises[name] for name in ("P3 order", "P5 order")),
        "readers with other output": sum(
            promises[name] for name in ("P5 end", "P5 steps", "P5 text")
        ),
        "slowest stop": f"{max((s for s in stops if s is not None), default=0):.2f} s",
        **_slowest(evidence),
    }


def _slowest(evidence: Evidence) -> dict[str, object]:
    slowest: dict[str, float] = {}
    counts: Counter[str] = Counter()
    for one in recoveries(evidence):
        slowest[one.kind] = max(slowest.get(one.kind, 0.0), one.seconds)
        counts[one.kind] += 1
    return {
        f"slowest recovery, {kind}": f"{seconds:.1f} s of {counts[kind]}"
        for kind, seconds in sorted(slowest.items())
    }
