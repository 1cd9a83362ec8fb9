"""The figures of a run."""

from collections import Counter
from dataclasses import dataclass

from bench.chaos.checks import stopping_seconds
from bench.chaos.evidence import Evidence, Violation
from bench.chaos.record import StoredTask

RECOVERY_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Recovery:
    """From a worker's death to the next attempt at a task that it held."""

    task_id: int
    kind: str
    seconds: float


def recoveries(evidence: Evidence) -> list[Recovery]:
    return [
        recovery
        for stored in evidence.stored.values()
        for recovery in _recoveries_of(evidence, stored)
    ]


def _recoveries_of(evidence: Evidence, stored: StoredTask) -> list[Recovery]:
    found, began = [], {}
    for event in stored.events:
        if event.type == "attempt.started":
            began[event.attempt] = event
    for event in stored.events:
        if event.type != "attempt.lost" or event.attempt + 1 not in began:
            continue
        trouble = _cause(
            evidence,
            str(began[event.attempt].data["worker"]),
            event.created_at.timestamp(),
        )
        again_at = began[event.attempt + 1].created_at.timestamp()
        if trouble:
            kind, at = trouble
            found.append(Recovery(stored.id, kind, again_at - at))
    return found


def _cause(evidence: Evidence, worker: str, before: float) -> tuple[str, float] | None:
    """What last happened to a worker before its attempt was declared lost."""
    causes = [
        (trouble.kind, trouble.began_at)
        for trouble in evidence.troubles
        if trouble.worker == worker and trouble.began_at <= before
    ]
    return causes[-1] if causes else None


def late_recoveries(evidence: Evidence) -> list[Violation]:
    return [
        Violation("P2 recovery", one.task_id, f"{one.seconds:.1f} s after {one.kind}")
        for one in recoveries(evidence)
        if one.kind.startswith("kill") and one.seconds > RECOVERY_SECONDS
    ]


def figures(evidence: Evidence, violations: list[Violation]) -> dict[str, object]:
    """What is printed, in order."""
    statuses = Counter(task.status for task in evidence.stored.values())
    kinds = Counter(trouble.kind for trouble in evidence.troubles)
    promises = Counter(violation.promise for violation in violations)
    asked = [ask for asks in evidence.provider.asked.values() for ask in asks]
    called = [call for calls in evidence.tools.called.values() for call in calls]
    responses = sum(len(task.responses) for task in evidence.stored.values())
    results = sum(
        len(task.steps) - len(task.responses) for task in evidence.stored.values()
    )
    stops = [stopping_seconds(evidence, one) for one in evidence.accepted]
    return {
        "tasks accepted": len(evidence.accepted),
        "tasks by status": dict(statuses),
        "attempts": sum(task.attempt for task in evidence.stored.values()),
        "troubles": dict(kinds),
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
            for name in ("P4 asked again", "P4 called again", "P4 calls", "P1 doubled")
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
