"""What the stored sums say of a stretch of time. Reads no task."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet, Sum

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.tasks.counters import COUNT_JOB, COUNTED, start_of
from agentarium.tasks.histogram import quantile
from agentarium.tasks.models import (
    ALL_AGENTS,
    Bucket,
    Measure,
    PeriodicJob,
    TaskCount,
    TaskDuration,
)

STEP = {Bucket.HOUR: timedelta(hours=1), Bucket.DAY: timedelta(days=1)}
TOP_AGENTS = 10

Times = Mapping[str, Mapping[int, int]]  # measure -> bin -> count


@dataclass(frozen=True, slots=True)
class Quantiles:
    """How long tasks took, in seconds."""

    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class Figures:
    """How tasks ended, what they used, and how long the completed ones took."""

    completed: int
    failed: int
    cancelled: int
    input_tokens: int
    output_tokens: int
    cost_nanodollars: int
    cost_is_complete: bool
    latency_seconds: Quantiles | None
    run_seconds: Quantiles | None


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose tasks, of which agent (or of all), from when until when."""

    owner: User
    bucket: Bucket
    since: datetime
    until: datetime
    agent: Agent | None = None

    @property
    def starts(self) -> list[datetime]:
        """Of every hour or day that is touched."""
        first, last = (start_of(at, self.bucket) for at in (self.since, self.until))
        step = STEP[self.bucket]
        return [first + number * step for number in range((last - first) // step + 1)]


@dataclass(slots=True)
class Report:
    """The figures in all, by time, and of the agents that ended most tasks."""

    counted_until: datetime | None
    total: Figures
    series: list[tuple[datetime, Figures]]
    agents: list[tuple[Agent, Figures]] = field(default_factory=list)


def read_report(asked: Asked) -> Report:
    """Six queries."""
    starts = asked.starts
    of_agent = asked.agent.pk if asked.agent else ALL_AGENTS
    counts = _within(TaskCount.objects.visible_to(asked.owner), asked, starts)
    times = _within(TaskDuration.objects.visible_to(asked.owner), asked, starts)
    rows = {
        row["start_at"]: row
        for row in counts.filter(agent_id=of_agent).values("start_at", *COUNTED)
    }
    bins = _bins_by(times.filter(agent_id=of_agent), "start_at")
    return Report(
        counted_until=_counted_until(),
        total=_figures(_sum_counts(rows.values()), _sum_times(bins.values())),
        series=[
            (start, _figures(rows.get(start, {}), bins.get(start, {})))
            for start in starts
        ],
        agents=list(_top_agents(asked, counts, times)),
    )


def _within(rows: QuerySet[Any], asked: Asked, starts: list[datetime]) -> QuerySet[Any]:
    return rows.filter(
        bucket=asked.bucket, start_at__gte=starts[0], start_at__lte=starts[-1]
    ).order_by()


def _top_agents(
    asked: Asked, counts: QuerySet[Any], times: QuerySet[Any]
) -> Iterator[tuple[Agent, Figures]]:
    if asked.agent:
        counts = counts.filter(agent_id=asked.agent.pk)
    sums = counts.exclude(agent_id=ALL_AGENTS).values("agent_id")
    ranked = sums.annotate(**{name: Sum(name) for name in COUNTED}).order_by(
        (F("completed") + F("failed") + F("cancelled")).desc(), "agent_id"
    )
    top = {row["agent_id"]: row for row in ranked[:TOP_AGENTS]}
    bins = _bins_by(times.filter(agent_id__in=top), "agent_id")
    visible = Agent.objects.visible_to(asked.owner).only("name")
    agents = visible.in_bulk(list(top))
    for pk, row in top.items():
        if pk in agents:
            yield agents[pk], _figures(row, bins.get(pk, {}))


def _bins_by(times: QuerySet[Any], column: str) -> dict[Any, Times]:
    """The histograms of each value of a column, added up by the database."""
    found: dict[Any, Any] = defaultdict(lambda: defaultdict(dict))
    sums = times.values_list(column, "measure", "bin").annotate(Sum("count"))
    for value, measure, number, count in sums:
        found[value][measure][number] = count
    return found


def _sum_counts(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    every = list(rows)
    return {name: sum(row[name] for row in every) for name in COUNTED}


def _sum_times(every: Iterable[Times]) -> Times:
    total: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for times in every:
        for measure, counts in times.items():
            for number, count in counts.items():
                total[measure][number] += count
    return total


def _figures(counts: Mapping[str, Any], times: Times) -> Figures:
    numbers = {name: counts.get(name, 0) for name in COUNTED}
    return Figures(
        cost_is_complete=not numbers.pop("incomplete_costs"),
        **numbers,
        latency_seconds=_quantiles(times.get(Measure.LATENCY, {})),
        run_seconds=_quantiles(times.get(Measure.RUN, {})),
    )


def _quantiles(counts: Mapping[int, int]) -> Quantiles | None:
    p50, p95 = quantile(counts, 0.5), quantile(counts, 0.95)
    return None if p50 is None or p95 is None else Quantiles(p50, p95)


def _counted_until() -> datetime | None:
    """When the last task ended that the sums hold; of anybody's."""
    job = PeriodicJob.objects.filter(name=COUNT_JOB).first()
    return datetime.fromisoformat(job.checkpoint[0]) if job and job.checkpoint else None
