"""The figures of a run."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from bench.chaos.evidence import Evidence, Violation
from bench.chaos.recoveries import recoveries
from bench.chaos.stops import stops


def figures(evidence: Evidence, violations: list[Violation]) -> dict[str, object]:
    """Return the figures to print, in order."""
    statuses = Counter(task.status for task in evidence.stored.values())
    faults = Counter(str(fault.kind) for fault in evidence.faults)
    promises = Counter(violation.promise for violation in violations)
    model_calls = sum(map(len, evidence.provider.requests.values()))
    tool_calls = sum(map(len, evidence.tools.requests.values()))
    responses = sum(len(task.responses) for task in evidence.stored.values())
    results = sum(
        len(task.steps) - len(task.responses) for task in evidence.stored.values()
    )
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
        **_slowest_stops(evidence),
        **_slowest_recoveries(evidence),
    }


def _slowest_stops(evidence: Evidence) -> Mapping[str, object]:
    """The slowest of those with a limit, and of all during each kind of fault."""
    found = stops(evidence)
    limited = [one for one in found if one.limit is not None]
    slowest = max((one.seconds for one in limited), default=0.0)
    kinds = sorted({kind for one in found for kind in one.faults})
    during = {kind: [one for one in found if kind in one.faults] for kind in kinds}
    return {"slowest stop": f"{slowest:.2f} s of {len(limited)}"} | {
        f"slowest stop, {kind}": f"{max(o.seconds for o in ones):.2f} s of {len(ones)}"
        for kind, ones in during.items()
    }


def _slowest_recoveries(evidence: Evidence) -> Mapping[str, object]:
    by_kind: defaultdict[str, list[float]] = defaultdict(list)
    for one in recoveries(evidence):
        by_kind[one.kind].append(one.seconds)
    return {
        f"slowest recovery, {kind}": f"{max(seconds):.1f} s of {len(seconds)}"
        for kind, seconds in sorted(by_kind.items())
    }
