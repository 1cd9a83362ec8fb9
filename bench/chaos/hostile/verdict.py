"""What an input did to the victim, and whether that is more than allowed.

A request of the victim may take 0.5 s, a piece of its stream may come 0.5 s late, and a
probe may take 1 s. The seconds that an idle process waited for a processor in the same
time are not counted: on a busy machine everything waits.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bench.chaos.hostile.samples import LoopRun, Memory, Sample
from bench.chaos.hostile.victim import PIECE_SECONDS, PROBE, STREAM

DELAY_SECONDS = 0.5
LIMITS: Mapping[str, float] = {STREAM: PIECE_SECONDS + DELAY_SECONDS, PROBE: 1.0}


@dataclass(frozen=True, slots=True)
class Window:
    """The time of one input, or of calm; `answers` are those that the attacker got."""

    name: str
    started_at: float
    ended_at: float
    answers: Counter[str]
    problems: tuple[str, ...] = ()

    def has(self, at: float) -> bool:
        return self.started_at <= at < self.ended_at


@dataclass(frozen=True, slots=True)
class Slowest:
    """The slowest request of a kind, and the seconds of it that the machine lost."""

    kind: str
    seconds: float = 0.0
    lost: float = 0.0

    @property
    def counted(self) -> float:
        return self.seconds - self.lost

    @property
    def is_over(self) -> bool:
        return self.counted > LIMITS.get(self.kind, DELAY_SECONDS)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`request`, `gap` and `probe` are the slowest of each; `lost` is the longest stall."""

    window: Window
    request: Slowest
    gap: Slowest
    probe: Slowest
    lost: float
    peak_memory: int
    violations: tuple[str, ...]

    @property
    def is_excused(self) -> bool:
        """Whether something was slow only together with the machine."""
        return not self.violations and any(
            one.seconds > LIMITS.get(one.kind, DELAY_SECONDS)
            for one in (self.request, self.gap, self.probe)
        )


def judge(
    window: Window,
    samples: Iterable[Sample],
    loops: Iterable[LoopRun],
    memory: Iterable[Memory],
) -> Verdict:
    """Judge a window by what began in it."""
    own = [one for one in samples if window.has(one.started_at)]
    end = max([window.ended_at, *(one.ended_at for one in own)])
    runs = [one for one in loops if window.started_at - 1 < one.started_at < end]
    found = {
        name: _slowest(kind, runs, [one for one in own if _column(one.kind) == name])
        for name, kind in (("request", ""), ("gap", STREAM), ("probe", PROBE))
    }
    return Verdict(
        window,
        **found,
        lost=max((one.lost for one in runs), default=0.0),
        peak_memory=max((m.resident for m in memory if window.has(m.at)), default=0),
        violations=(*_violations(own, found), *window.problems),
    )


def _column(kind: str) -> str:
    return {STREAM: "gap", PROBE: "probe"}.get(kind, "request")


def _slowest(kind: str, runs: list[LoopRun], samples: list[Sample]) -> Slowest:
    """The one that took longest without what the machine lost."""
    measured = (
        Slowest(one.kind, one.seconds, _lost(one, runs))
        for one in samples
        if one.seconds > 0 and not one.kind.startswith("stream,")
    )
    return max(measured, key=lambda one: one.counted, default=Slowest(kind))


def _lost(sample: Sample, runs: list[LoopRun]) -> float:
    return sum(run.lost_within(sample.started_at, sample.ended_at) for run in runs)


def _violations(own: list[Sample], found: Mapping[str, Slowest]) -> Iterator[str]:
    for one in found.values():
        if one.is_over:
            yield f"{one.kind} took {one.seconds:.2f} s, {one.counted:.2f} s counted"
    problems = Counter(one.problem for one in own if one.problem)
    for problem, count in problems.items():
        yield f"{problem} x {count}"
    if not any(one.kind == PROBE for one in own):
        yield "no probe began"
