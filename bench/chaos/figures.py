"""The figures of a run."""

from collections import Counter
from dataclasses import dataclass

from bench.chaos.checks import stopping_seconds
from bench.chaos.evidence import Evidence, Violation
from bench.chaos.record import StoredTask
from bench.chaos.troubles import STALL, Trouble

RECOVERY_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Recovery:
    """From a worker's death to the next attempt at a task that it held.

    Nobody can do anything meanwhile without the database, or as a paused or dead process
    that is the only one: then it is `hindered`. `excused` is the time for which the
    machine stood still, or for which the only process was being started.
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
    """From what happened to the worker, while it held the task, to the next attempt."""
    began = {
        event.attempt: event
        for event in stored.events
        if event.type == "attempt.started"
    }
    found = []
    for lost in stored.events:
        if lost.type != "attempt.lost" or lost.attempt + 1 not in began:
            continue
        held = began[lost.attempt]
        trouble = _cause(
            evidence.troubles,
            worker=str(held.data["worker"]),
            start=held.created_at.timestamp(),
            end=lost.created_at.timestamp(),
        )
        if trouble:
            again_at = began[lost.attempt + 1].created_at.timestamp()
            is_hindered = _is_hindered(evidence, trouble, again_at)
            kind = f"hindered {trouble.kind}" if is_hindered else trouble.kind
            seconds = again_at - trouble.began_at
            excused = _excused(evidence, trouble, again_at)
            found.append(Recovery(stored.id, kind, seconds, excused))
    return found


def _excused(evidence: Evidence, trouble: Trouble, until: float) -> float:
    stalls = [one for one in evidence.troubles if one.kind == STALL]
    if evidence.is_embedded and trouble.ended_at:
        stalls.append(trouble)
    return sum(
        min(one.ended_at or until, until) - max(one.began_at, trouble.began_at)
        for one in stalls
        if one.overlaps(trouble.began_at, until)
    )


def _cause(
    troubles: list[Trouble], *, worker: str, start: float, end: float
) -> Trouble | None:
    """What befell a worker between two instants; else, what all of them had to bear."""
    between = [one for one in troubles if start <= one.began_at <= end]
    own = [one for one in between if one.worker == worker]
    common = [one for one in between if one.kind == "postgresql away"]
    return next(iter([*own[-1:], *common[-1:]]), None)


def _is_hindered(evidence: Evidence, trouble: Trouble, until: float) -> bool:
    kinds = ["postgresql away"]
    if evidence.is_embedded:
        kinds += ["pause worker", "kill web"]
    return any(
        other.kind in kinds and other.overlaps(trouble.began_at, until)
        for other in evidence.troubles
        if other is not trouble
    )


def late_recoveries(evidence: Evidence) -> list[Violation]:
    return [
        Violation("P2 recovery", one.task_id, f"{one.seconds:.1f} s after {one.kind}")
        for one in recoveries(evidence)
        if one.kind.startswith("kill") and one.seconds - one.excused > RECOVERY_SECONDS
    ]


def figures(evidence: Evidence, violations: list[Violation]) -> dict[str, object]:
    """What is printed, in order."""
    statuses = Counter(task.status for task in evidence.stored.values())
    troubles = Counter(trouble.kind for trouble in evidence.troubles)
    promises = Counter(violation.promise for violation in violations)
    asked = [ask for asks in evidence.provider.asked.values() for ask in asks]
    called = [call for calls in evidence.tools.called.values() for call in calls]
    responses = sum(len(task.responses) for task in evidence.stored.values())
    results = sum(
        len(task.steps) - len(task.responses) for task in evidence.stored.values()
    )
    stops = [stopping_seconds(evidence, one) for one in evidence.tasks]
    return {
        "tasks accepted": len(evidence.accepted),
        "tasks called by tasks": len(evidence.children),
        "tasks by status": dict(statuses),
        "attempts": sum(task.attempt for task in evidence.stored.values()),
        "troubles": dict(troubles),
        "model requests": f"{len(asked)} for {responses} stored responses",
        "tool requests": f"{len(called)} for {results} stored results",
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
                "P4 asked again",
                "P4 called again",
                "P4 calls",
                "P4 children",
                "P1 doubled",
            )
        ),
        "out of order": sum(promises[name] for name in ("P3 order", "P5 order")),
        "readers who read something else": sum(
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
