"""How the queue and its workers stand: what an operator looks at.

The cost of each look grows with what is live: with pending, running and waiting tasks
and with the workers of the last day, never with how many tasks there have been.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BooleanField, Count, ExpressionWrapper, F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from agentarium.db.clock import Now
from agentarium.tasks.error_codes import ErrorCode
from agentarium.tasks.event_types import EventType
from agentarium.tasks.models import AgentTask, Event, ToolCall, Worker

Status = AgentTask.Status
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# More rows than that are not a fleet, but workers that end as soon as they begin.
MAX_WORKERS = 500


@dataclass(frozen=True, slots=True)
class AtPriority:
    """How many tasks of one priority could be begun now."""

    priority: int
    count: int


@dataclass(frozen=True, slots=True)
class Lately:
    """How often something happened in the last hour, and in the last day."""

    hour: int
    day: int


@dataclass(frozen=True, slots=True)
class Depth:
    """How many tasks are live. Pending ones are due, or not to be begun yet."""

    due: int
    not_due: int
    running: int
    waiting: int
    priorities: list[AtPriority]

    @property
    def pending(self) -> int:
        return self.due + self.not_due


@dataclass(frozen=True, slots=True)
class Oldest:
    """The task that could have been begun for the longest time, and since when."""

    task: int
    since: datetime

    @property
    def age_seconds(self) -> float:
        return max(0.0, (timezone.now() - self.since).total_seconds())


@dataclass(frozen=True, slots=True)
class Fleet:
    """The workers that are alive, and how many tasks they have room for."""

    alive: int
    capacity: int


def read_depth() -> Depth:
    """Four queries."""
    queue = AgentTask.objects.in_queue().order_by("-priority")
    by_priority = queue.values_list("priority").annotate(Count("id"))
    priorities = [AtPriority(*row) for row in by_priority]
    pending = AgentTask.objects.filter(status=Status.PENDING).order_by()
    # A task waits for its calls, and those that wait are few and indexed.
    calls = ToolCall.objects.waiting().order_by().values("task")
    waiting = AgentTask.objects.filter(status=Status.WAITING, pk__in=calls)
    return Depth(
        due=sum(each.count for each in priorities),
        not_due=pending.filter(is_due=False).count(),
        running=sum(_running().values()),
        waiting=waiting.count(),
        priorities=priorities,
    )


def _running() -> dict[int, int]:
    """Worker id -> how many tasks it runs.

    Counted otherwise, SQLite would read an index of all tasks.
    """
    running = AgentTask.objects.filter(status=Status.RUNNING).order_by()
    return dict(running.values_list("worker").annotate(Count("id")))


def find_oldest() -> Oldest | None:
    """One query."""
    queue = AgentTask.objects.in_queue().annotate(
        since=Coalesce("run_after", "created_at")
    )
    row = queue.order_by("since", "id").values_list("pk", "since").first()
    return Oldest(*row) if row else None


def read_fleet() -> Fleet:
    """One query."""
    alive = Worker.objects.alive().order_by()
    found = alive.aggregate(alive=Count("id"), capacity=Sum("capacity", default=0))
    return Fleet(**found)


def count_recovered() -> Lately:
    """Attempts whose worker died, and whose tasks went back to the queue."""
    return _lately(Event.objects.filter(type=EventType.ATTEMPT_LOST), "created_at")


def count_lost() -> Lately:
    """Tasks that failed because too many workers died while they ran."""
    lost = AgentTask.objects.filter(error_code=ErrorCode.WORKER_LOST)
    return _lately(lost, "finished_at")


def _lately(happened: Any, column: str) -> Lately:
    now = timezone.now()
    last_day = happened.order_by().filter(**{f"{column}__gte": now - DAY})
    last_hour = Q(**{f"{column}__gte": now - HOUR})
    counts = last_day.aggregate(day=Count(column), hour=Count(column, filter=last_hour))
    return Lately(**counts)


def list_workers() -> list[Worker]:
    """Those alive, then those of the last day; each with `is_alive` and `running`.

    Two queries.
    """
    has_lease = Q(lost_at__isnull=True, lease_until__gte=Now())
    found = Worker.objects.annotate(
        has_lease=ExpressionWrapper(has_lease, BooleanField())
    )
    last = found.order_by(F("lost_at").desc(nulls_first=True), "-id")
    workers: list[Any] = list(last[:MAX_WORKERS])
    counts = _running()
    for worker in workers:
        worker.is_alive = worker.has_lease
        worker.running = counts.get(worker.pk, 0)
    return sorted(workers, key=lambda worker: not worker.is_alive)
