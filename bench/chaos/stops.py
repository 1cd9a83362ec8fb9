"""How long requests to the provider and to tools went on in vain (P6)."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from bench.chaos.evidence import Accepted, Evidence, Violation
from bench.chaos.faults.fault import LEASE_SECONDS, WITHOUT_STOP, Kind

STOP_SECONDS = 1.0
# A worker that reaches no database ends its calls when its lease has expired.
SILENT_STOP_SECONDS = LEASE_SECONDS + 3
# How long a request may go on next to that of a newer attempt.
STALE_SECONDS = 5.0
SILENT = {Kind.POSTGRESQL_SILENT, Kind.POSTGRESQL_SILENT_FOR_ONE}
# A paused process closes nothing.
UNLIMITED = WITHOUT_STOP - SILENT


@dataclass(frozen=True, slots=True)
class Stop:
    """The seconds from a cancel to the end of the last request, and what was broken."""

    task_id: int
    seconds: float
    faults: frozenset[str]

    @property
    def limit(self) -> float | None:
        """The seconds within which it has to happen; None if no time is promised."""
        if self.faults & UNLIMITED:
            return None
        return SILENT_STOP_SECONDS if self.faults & SILENT else STOP_SECONDS


def stops(evidence: Evidence) -> list[Stop]:
    return [stop for one in evidence.tasks if (stop := stop_of(evidence, one))]


def stop_of(evidence: Evidence, accepted: Accepted) -> Stop | None:
    """The stop of a task; None if it was not cancelled."""
    at = accepted.cancelled_at
    if at is None:
        return None
    numbers = range(len(accepted.plan.rounds) + 1)
    model_calls = [
        asked
        for n in numbers
        for asked in evidence.provider.requests[accepted.plan.name, n]
    ]
    tool_calls = [
        one for call in accepted.plan.calls for one in evidence.tools.requests[call.id]
    ]
    ends = [one.ended_at or float("inf") for one in (*model_calls, *tool_calls)]
    seconds = max((end - at for end in ends if end > at), default=0.0)
    faults = _kinds(evidence, at - 1, at + STOP_SECONDS + 1)
    if faults & SILENT:
        faults |= _kinds(evidence, at, at + SILENT_STOP_SECONDS)
    return Stop(accepted.task_id, seconds, faults)


def _kinds(evidence: Evidence, start: float, end: float) -> frozenset[str]:
    """The kinds of the faults of an interval."""
    return frozenset(one.kind for one in evidence.faults if one.overlaps(start, end))


def late_stops(evidence: Evidence) -> Iterator[Violation]:
    """A second after a cancel no request is open, and none is made later."""
    for stop in stops(evidence):
        if stop.limit is not None and stop.seconds > stop.limit:
            detail = f"{stop.seconds:.2f} s after the cancel, during {set(stop.faults)}"
            yield Violation("P6 stop", stop.task_id, detail)


def stale_requests(evidence: Evidence) -> Iterator[Violation]:
    """A worker that has lost a task closes its request soon after that of the next one."""
    paused = [one for one in evidence.faults if one.kind == Kind.PAUSE_WORKER]
    for (name, number), requests in evidence.provider.requests.items():
        for old, new in pairwise(requests):
            end = old.ended_at or float("inf")
            is_paused = any(one.overlaps(old.started_at, end) for one in paused)
            if end - new.started_at > STALE_SECONDS and not is_paused:
                detail = f"{name}, response {number}: {end - new.started_at:.1f} s"
                yield Violation("P6 stale request", 0, detail)
