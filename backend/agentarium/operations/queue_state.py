"""The state of the queue and its workers, for operators.

The cost of each query grows with the number of tasks that have not ended and of workers
of the last day, never with the number of ended tasks.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BooleanField, Count, ExpressionWrapper, F, Q, Sum
from django.db.models.functions import Coalesce

from agentarium.db import clock
from agentarium.db.clock import Now
from agentarium.tasks.error_codes import ErrorCode
from agentarium.tasks.event_types import EventType
from agentarium.tasks.models import AgentTask, Event, ToolCall, Worker

Status = AgentTask.Status
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# More rows than this only come from workers that crash right after their start.
MAX_WORKERS = 500


@dataclass(frozen=True, slots=True)
class PriorityCount:
    """The number of due tasks of one priority."""

    priority: int
    count: int


@dataclass(frozen=True, slots=True)
class RecentCounts:
    """Numbers of occurrences in the last hour and in the last day."""

    hour: int
    day: int


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """Numbers of tasks that have not ended; pending tasks are due or not due yet."""

    due: int
    not_due: int
    running: int
    waiting: int
    priorities: list[PriorityCount]

    @property
    def pending(self) -> int:
        return self.due + self.not_due


@dataclass(frozen=True, slots=True)
class OldestTask:
    """The id of the task that has been due for the longest time, and since when."""

    task: int
    since: datetime

    @property
    def age_seconds(self) -> float:
        return max(0.0, (clock.now() - self.since).total_seconds())


@dataclass(frozen=True, slots=True)
class WorkerTotals:
    """The number of workers that are alive, and the sum of their capacities."""

    alive: int
    capacity: int


def read_depth() -> QueueDepth:
    """Four queries."""
    queue = AgentTask.objects.in_queue().order_by("-priority")
    by_priority = queue.values_list("priority").annotate(Count("id"))
    priorities = [PriorityCount(*row) for row in by_priority]
    pending = AgentTask.objects.filter(status=Status.PENDING).order_by()
    # Found by their waiting calls, which are few and indexed.
    calls = ToolCall.objects.waiting().order_by().values("task")
    waiting = AgentTask.objects.filter(status=Status.WAITING, pk__in=calls)
    return QueueDepth(
        due=sum(due.count for due in priorities),
        not_due=pending.filter(is_due=False).count(),
        running=sum(_running().values()),
        waiting=waiting.count(),
        priorities=priorities,
    )


def _running() -> dict[int, int]:
    """The number of running tasks, by worker id.

    Grouped by worker, because SQLite would count them in an index of all tasks.
    """
    running = AgentTask.objects.filter(status=Status.RUNNING).order_by()
    return dict(running.values_list("worker").annotate(Count("id")))


def find_oldest() -> OldestTask | None:
    """One query."""
    queue = AgentTask.objects.in_queue().annotate(
        since=Coalesce("run_after", "created_at")
    )
    row = queue.order_by("since", "id").values_list("pk", "since").first()
    return OldestTask(*row) if row else None


def count_workers() -> WorkerTotals:
    """One query."""
    alive = Worker.objects.alive().order_by()
    totals = alive.aggregate(alive=Count("id"), capacity=Sum("capacity", default=0))
    return WorkerTotals(**totals)


def count_recovered() -> RecentCounts:
    """Attempts that were lost with their worker, and whose tasks were queued again."""
    lost = Event.objects.filter(type=EventType.ATTEMPT_LOST)
    return _count_recent(lost, "created_at")


def count_lost() -> RecentCounts:
    """Tasks that failed because too many of their attempts were lost."""
    lost = AgentTask.objects.filter(error_code=ErrorCode.WORKER_LOST)
    return _count_recent(lost, "finished_at")


def _count_recent(rows: Any, column: str) -> RecentCounts:
    now = clock.now()
    last_day = rows.order_by().filter(**{f"{column}__gte": now - DAY})
    last_hour = Q(**{f"{column}__gte": now - HOUR})
    counts = last_day.aggregate(day=Count(column), hour=Count(column, filter=last_hour))
    return RecentCounts(**counts)


def list_workers() -> list[Worker]:
    """Alive workers, then those of the last day; each with `is_alive` and `running`.

    Two queries.
    """
    has_lease = Q(lost_at__isnull=True, lease_until__gte=Now())
    annotated = Worker.objects.annotate(
        has_lease=ExpressionWrapper(has_lease, BooleanField())
    )
    newest = annotated.order_by(F("lost_at").desc(nulls_first=True), "-id")
    workers: list[Any] = list(newest[:MAX_WORKERS])
    counts = _running()
    for worker in workers:
        worker.is_alive = worker.has_lease
        worker.running = counts.get(worker.pk, 0)
    return sorted(workers, key=lambda worker: not worker.is_alive)
