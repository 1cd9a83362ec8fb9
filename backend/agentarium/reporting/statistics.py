"""Statistics of a period, from the stored sums. Reads no tasks."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet, Sum

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.tasks.counters import COUNT_JOB, SUM_COLUMNS, start_of
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

Histograms = Mapping[str, Mapping[int, int]]  # measure -> bin -> count


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Quantiles of the durations of tasks, in seconds."""

    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers of ended tasks, their usage, and the durations of completed ones."""

    completed: int
    failed: int
    cancelled: int
    input_tokens: int
    output_tokens: int
    cost_nanodollars: int
    cost_is_complete: bool
    usage_is_estimated: bool
    latency_seconds: Quantiles | None
    run_seconds: Quantiles | None


@dataclass(frozen=True, slots=True)
class StatsQuery:
    """The owner of the tasks, the period, and optionally one agent."""

    owner: User
    bucket: Bucket
    since: datetime
    until: datetime
    agent: Agent | None = None

    @property
    def starts(self) -> list[datetime]:
        """The start of every hour or day that the period touches."""
        first, last = (start_of(at, self.bucket) for at in (self.since, self.until))
        step = STEP[self.bucket]
        return [first + number * step for number in range((last - first) // step + 1)]


@dataclass(slots=True)
class Report:
    """Figures in total, per hour or day, and of the agents with the most ended tasks."""

    counted_until: datetime | None
    total: Figures
    series: list[tuple[datetime, Figures]]
    agents: list[tuple[Agent, Figures]] = field(default_factory=list)


def read_report(query: StatsQuery) -> Report:
    """Six queries."""
    starts = query.starts
    agent_id = query.agent.pk if query.agent else ALL_AGENTS
    counts = _within(TaskCount.objects.visible_to(query.owner), query, starts)
    durations = _within(TaskDuration.objects.visible_to(query.owner), query, starts)
    rows = {
        row["start_at"]: row
        for row in counts.filter(agent_id=agent_id).values("start_at", *SUM_COLUMNS)
    }
    histograms = _histograms_by(durations.filter(agent_id=agent_id), "start_at")
    return Report(
        counted_until=_counted_until(),
        total=_figures(
            _sum_counts(rows.values()), _sum_histograms(histograms.values())
        ),
        series=[
            (start, _figures(rows.get(start, {}), histograms.get(start, {})))
            for start in starts
        ],
        agents=list(_top_agents(query, counts, durations)),
    )


def _within(
    rows: QuerySet[Any], query: StatsQuery, starts: list[datetime]
) -> QuerySet[Any]:
    return rows.filter(
        bucket=query.bucket, start_at__gte=starts[0], start_at__lte=starts[-1]
    ).order_by()


def _top_agents(
    query: StatsQuery, counts: QuerySet[Any], durations: QuerySet[Any]
) -> Iterator[tuple[Agent, Figures]]:
    if query.agent:
        counts = counts.filter(agent_id=query.agent.pk)
    sums = counts.exclude(agent_id=ALL_AGENTS).values("agent_id")
    ranked = sums.annotate(**{name: Sum(name) for name in SUM_COLUMNS}).order_by(
        (F("completed") + F("failed") + F("cancelled")).desc(), "agent_id"
    )
    top = {row["agent_id"]: row for row in ranked[:TOP_AGENTS]}
    histograms = _histograms_by(durations.filter(agent_id__in=top), "agent_id")
    visible = Agent.objects.visible_to(query.owner).only("name")
    agents = visible.in_bulk(list(top))
    for pk, row in top.items():
        if pk in agents:
            yield agents[pk], _figures(row, histograms.get(pk, {}))


def _histograms_by(durations: QuerySet[Any], column: str) -> dict[Any, Histograms]:
    """The histograms for each value of a column, added up by the database."""
    histograms: dict[Any, Any] = defaultdict(lambda: defaultdict(dict))
    sums = durations.values_list(column, "measure", "bin").annotate(Sum("count"))
    for value, measure, number, count in sums:
        histograms[value][measure][number] = count
    return histograms


def _sum_counts(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    all_rows = list(rows)
    return {name: sum(row[name] for row in all_rows) for name in SUM_COLUMNS}


def _sum_histograms(all_histograms: Iterable[Histograms]) -> Histograms:
    total: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for histograms in all_histograms:
        for measure, counts in histograms.items():
            for number, count in counts.items():
                total[measure][number] += count
    return total


def _figures(counts: Mapping[str, Any], histograms: Histograms) -> Figures:
    numbers = {name: counts.get(name, 0) for name in SUM_COLUMNS}
    return Figures(
        cost_is_complete=not numbers.pop("incomplete_costs"),
        usage_is_estimated=bool(numbers.pop("estimated_usages")),
        **numbers,
        latency_seconds=_quantiles(histograms.get(Measure.LATENCY, {})),
        run_seconds=_quantiles(histograms.get(Measure.RUN, {})),
    )


def _quantiles(counts: Mapping[int, int]) -> Quantiles | None:
    p50, p95 = quantile(counts, 0.5), quantile(counts, 0.95)
    return None if p50 is None or p95 is None else Quantiles(p50, p95)


def _counted_until() -> datetime | None:
    """The end of the last counted task, of all users; None if none is counted."""
    job = PeriodicJob.objects.filter(name=COUNT_JOB).first()
    return datetime.fromisoformat(job.checkpoint[0]) if job and job.checkpoint else None
