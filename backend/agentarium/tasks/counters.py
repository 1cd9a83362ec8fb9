"""Keeping the sums of ended tasks: a job adds what ended, a retry takes it back.

What holds at any time: the sums are those of the tasks that have ended up to the
job's checkpoint, each once, in the hour in which it ended last. So whoever changes
such a task corrects the sums in the same transaction, holding the task's row.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, TypeVar

from django.db import connection, transaction
from django.utils import timezone

from agentarium.db.bulk_insert import placeholders
from agentarium.db.prepared_statements import execute_many
from agentarium.tasks.completion_order import ended_after, is_behind, place_of
from agentarium.tasks.histogram import bin_of
from agentarium.tasks.models import (
    ALL_AGENTS,
    AgentTask,
    Bucket,
    Measure,
    PeriodicJob,
    TaskCount,
    TaskDuration,
)

COUNT_JOB = "count_ended_tasks"
# Of the row of a task, all that is counted.
COLUMNS = (
    "owner_id",
    "agent_id",
    "status",
    "created_at",
    "run_after",
    "started_at",
    "finished_at",
    "input_tokens",
    "output_tokens",
    "cost_nanodollars",
    "cost_is_complete",
)
# `incomplete_costs` is the number of tasks whose cost lacks a part.
SPENT = ("input_tokens", "output_tokens", "cost_nanodollars", "incomplete_costs")
COUNTED = ("completed", "failed", "cancelled", *SPENT)
# Tasks counted in one transaction: whoever wants to write waits so long for it (10 ms).
MAX_TASKS = 100
# By how much the clocks of machines may differ.
CLOCK_SKEW = timedelta(seconds=10)

# Owner, agent, and when the hour began in which a task ended.
Hour = tuple[int, int, datetime]
# A row of sums: owner, bucket, agent, and when the bucket began.
Key = tuple[int, str, int, datetime]
# A measure, and the number of a bin of its histogram.
Bin = tuple[str, int]
Counted = TypeVar("Counted", str, Bin)


@transaction.atomic
def count_ended_tasks(checkpoint: Any) -> Any:
    """Add some tasks that have ended to the sums, in the order in which they did."""
    ended = ended_after(checkpoint).filter(finished_at__lt=_settled_until())
    batch = list(ended.values_list("finished_at", "pk")[:MAX_TASKS])
    if not batch:
        return None
    # Locked in the order of all who lock several, and looked at again: one that is run
    # again meanwhile has not ended, and one that then ended is further on.
    rows = AgentTask.objects.filter(
        pk__in=[pk for _, pk in batch], finished_at__lte=batch[-1][0]
    )
    locked: Any = rows.order_by("id").select_for_update(no_key=True)
    sums = Sums()
    # Rows have the same names as tasks: a hundred take 5 ms instead of 7.5.
    for task in locked.values_list(*COLUMNS, named=True):
        sums.add(task)
    sums.write()
    return place_of(*batch[-1])


def uncount(tasks: Sequence[AgentTask]) -> None:
    """Take back what was counted of tasks that are about to be run again.

    The caller has locked their rows and has read `COLUMNS`.
    """
    checkpoint = _checkpoint()
    sums = Sums()
    for task in tasks:
        if is_behind(task, checkpoint):
            sums.add(task, times=-1)
    sums.write()


def count_inserted(ids: Sequence[int]) -> None:
    """Add tasks that were inserted as ended, where the job would not come to them.

    Their transaction has inserted them. It holds up the job until they can be seen.
    """
    PeriodicJob.objects.select_for_update().filter(name=COUNT_JOB).first()
    checkpoint = _checkpoint()
    sums = Sums()
    for task in AgentTask.objects.filter(pk__in=ids).only(*COLUMNS):
        if is_behind(task, checkpoint):
            sums.add(task)
    sums.write()


def count_spent(task_id: int, spent: Mapping[str, int]) -> None:
    """Add what came to be known after a task had ended, by the names in `SPENT`.

    The caller has locked its row.
    """
    task = AgentTask.objects.only(*COLUMNS).get(pk=task_id)
    if is_behind(task, _checkpoint()):
        sums = Sums()
        sums.add_spent(task, spent)
        sums.write()


class Sums:
    """Numbers to be added to the stored ones, gathered by owner, agent and hour."""

    def __init__(self) -> None:
        self._counts: defaultdict[Hour, Counter[str]] = defaultdict(Counter)
        self._times: defaultdict[Hour, Counter[Bin]] = defaultdict(Counter)

    def add(self, task: AgentTask, times: int = 1) -> None:
        """Count a task that has ended, `times` being 1 or -1."""
        hour = _hour_of(task)
        self._counts[hour][task.status] += times
        spent = _spent(task)
        self.add_spent(task, {name: times * spent[name] for name in SPENT})
        for measure, seconds in _times(task):
            self._times[hour][measure, bin_of(seconds)] += times

    def add_spent(self, task: AgentTask, spent: Mapping[str, int]) -> None:
        counts = self._counts[_hour_of(task)]
        for name in SPENT:
            counts[name] += spent[name]

    def write(self) -> None:
        """Add them, always in one order, so that nobody waits in a circle."""
        execute_many(
            _ADD_COUNTS,
            [
                (*_row(key), *(counts[name] for name in COUNTED))
                for key, counts in _by_key(self._counts)
            ],
        )
        execute_many(
            _ADD_TIMES,
            [
                (*_row(key), measure, number, count)
                for key, counts in _by_key(self._times)
                for (measure, number), count in sorted(counts.items())
            ],
        )


def start_of(moment: datetime, bucket: str) -> datetime:
    """When the hour or the day of a moment begins."""
    hour = moment.replace(minute=0, second=0, microsecond=0)
    return hour if bucket == Bucket.HOUR else hour.replace(hour=0)


def _hour_of(task: AgentTask) -> Hour:
    assert task.finished_at
    return task.owner_id, task.agent_id, start_of(task.finished_at, Bucket.HOUR)


def _by_key(
    sums: Mapping[Hour, Counter[Counted]],
) -> list[tuple[Key, Counter[Counted]]]:
    """The same numbers for each row that they are counted in."""
    found: defaultdict[Key, Counter[Counted]] = defaultdict(Counter)
    for (owner_id, agent_id, hour), numbers in sums.items():
        for bucket in Bucket.values:
            for agent in (agent_id, ALL_AGENTS):
                found[owner_id, bucket, agent, start_of(hour, bucket)].update(numbers)
    return sorted(found.items(), key=itemgetter(0))


def _spent(task: AgentTask) -> dict[str, int]:
    return {
        "input_tokens": task.input_tokens,
        "output_tokens": task.output_tokens,
        "cost_nanodollars": task.cost_nanodollars,
        "incomplete_costs": int(not task.cost_is_complete),
    }


def _times(task: AgentTask) -> Iterator[tuple[str, float]]:
    """How long a completed task took; how long others did says little."""
    if task.status != AgentTask.Status.COMPLETED:
        return
    assert task.finished_at
    submitted = task.run_after or task.created_at
    yield Measure.LATENCY, (task.finished_at - submitted).total_seconds()
    if task.started_at:
        yield Measure.RUN, (task.finished_at - task.started_at).total_seconds()


def _checkpoint() -> Any:
    """Locking a task has waited for the job, if that was just counting it."""
    found = PeriodicJob.objects.filter(name=COUNT_JOB).values_list(
        "checkpoint", flat=True
    )
    return found.first()


# Whoever ends a task looks at the clock with its row locked, so in a transaction that
# writes: what began before the oldest of these is all there.
_OLDEST_WRITER = (
    "SELECT MIN(xact_start) FROM pg_stat_activity WHERE datname = current_database()"
    " AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()"
)


def _settled_until() -> datetime:
    """No task will be seen any more that ended before this.

    SQLite has one writer at a time, and that is us.
    """
    moments = [timezone.now()]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_OLDEST_WRITER)
            moments += [moment for (moment,) in cursor.fetchall() if moment]
    return min(moments) - CLOCK_SKEW


def _add_sql(table: str, key: Sequence[str], numbers: Iterable[str]) -> str:
    """Insert a row, or add its numbers to those of the one that is there."""
    names = [*key, *numbers]
    sums = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in numbers)
    return (
        f"INSERT INTO {table} ({', '.join(names)}) VALUES {placeholders(names)}"  # noqa: S608 - our names
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {sums}"
    )


_KEY = ("owner_id", "bucket", "agent_id", "start_at")
_ADD_COUNTS = _add_sql(TaskCount._meta.db_table, _KEY, COUNTED)
_ADD_TIMES = _add_sql(TaskDuration._meta.db_table, (*_KEY, "measure", "bin"), ["count"])


def _row(key: Key) -> tuple[int, str, int, Any]:
    owner_id, bucket, agent_id, start_at = key
    adapted = connection.ops.adapt_datetimefield_value(start_at)
    return owner_id, bucket, agent_id, adapted
