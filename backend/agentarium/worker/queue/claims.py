"""How a worker takes tasks, and how those of a dead one come back."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from agentarium.agents.models import AgentVersion
from agentarium.db.bulk_insert import BulkInsert, RowTemplate, in_clause
from agentarium.db.clock import Now
from agentarium.db.compiled_query import CompiledQuery
from agentarium.db.prepared_statements import prepared_cursor
from agentarium.observability import metrics
from agentarium.runtime.prices import dollars
from agentarium.tasks import counters, fence
from agentarium.tasks.error_codes import ErrorCode
from agentarium.tasks.event_types import EventType
from agentarium.tasks.fence import AttemptKey
from agentarium.tasks.models import AgentTask, Draft, Event, TaskQuerySet, Worker
from agentarium.tasks.models.queue_order import IN_QUEUE_SQL, QUEUE_ORDER_SQL
from agentarium.tasks.publishing import publish
from agentarium.tasks.services import (
    TOTALS,
    append_event,
    cancel_children,
    end_unclaimed,
    return_to_queue,
)
from agentarium.worker.leases import declare_lost, is_at_work
from agentarium.worker.queue.limits import exclude_full, within_limits

log = structlog.get_logger(__name__)

Status = AgentTask.Status
_TABLE = AgentTask._meta.db_table
_TASKS = CompiledQuery(AgentTask.objects.all)
_VERSIONS = CompiledQuery(AgentVersion.objects.all)
_EVENTS, _NEW_EVENT = BulkInsert(Event), RowTemplate(Event)


@dataclass(frozen=True, slots=True)
class LateUsage:
    """What an attempt has spent since what it knows to be stored.

    `cost_nanodollars` is None where the model's price is not known. Where a `step` is
    given, the answer was whole and may be stored after all, as the step of that number;
    otherwise it was interrupted, and its cost is an estimate.
    """

    task_id: int
    attempt: int
    input_tokens: int
    output_tokens: int
    cost_nanodollars: int | None
    drafts: Sequence[Draft] = ()
    step: int | None = None

    @property
    def key(self) -> AttemptKey:
        return AttemptKey(self.task_id, self.attempt)

    @property
    def totals(self) -> dict[str, int]:
        """What it adds to the columns of its task."""
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost_nanodollars": self.cost_nanodollars or 0,
        }


# Taken back in one transaction: what is cut short is done again.
MAX_RECOVER = 200
# How long the row of a worker that is gone is kept for people to look at.
KEEP_WORKERS = timedelta(days=1)


@transaction.atomic
def claim_tasks(worker: Worker, *, limit: int) -> list[AgentTask]:
    """Take up to `limit` tasks from the queue, each as a new attempt.

    Workers that claim at once pass over each other's rows. Should this worker be
    declared lost in the same moment, the next sweep finds what it took.
    """
    if not is_at_work(worker):
        return []
    tasks = within_limits(_next_in_queue(limit))
    if tasks:
        _set_running(worker, tasks)
        _EVENTS.run([_started(task, worker) for task in tasks])
    return tasks


def _next_in_queue(limit: int) -> list[AgentTask]:
    """As `in_queue` has them, locked. By hand, since every claim asks for it.

    From one table, in the order of its index. A planner that has seen millions of tasks
    takes those that are pending for a few, and would rather sort all of them, however
    long the queue has become: joined to another table, or where an index has grown fat.
    """
    excluded, values = exclude_full()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_sort = off")
    lock = (
        f" FOR NO KEY UPDATE OF {_TABLE} SKIP LOCKED"
        if connection.features.has_select_for_update
        else ""
    )
    tasks = _TASKS.select(
        f" WHERE {IN_QUEUE_SQL}{excluded} ORDER BY {QUEUE_ORDER_SQL} LIMIT %s{lock}",
        [*values, limit],
    )
    _give_versions(tasks)
    return tasks


def _give_versions(tasks: Sequence[AgentTask]) -> None:
    these, ids = in_clause({task.agent_version_id for task in tasks})
    found = _VERSIONS.select(f" WHERE id {these}", ids) if tasks else []
    versions = {version.pk: version for version in found}
    for task in tasks:
        task.agent_version = versions[task.agent_version_id]


def _set_running(worker: Worker, tasks: Sequence[AgentTask]) -> None:
    for task in tasks:
        task.attempt += 1
        task.status = Status.RUNNING
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    these, ids = in_clause([task.pk for task in tasks])
    with prepared_cursor() as cursor:
        cursor.execute(
            f"UPDATE {_TABLE} SET status = 'running', attempt = attempt + 1,"  # noqa: S608
            f" worker_id = %s, started_at = COALESCE(started_at, %s) WHERE id {these}",
            [worker.pk, now, *ids],
        )


def _started(task: AgentTask, worker: Worker) -> Event:
    return _NEW_EVENT.fill(
        task_id=task.pk,
        attempt=task.attempt,
        seq=1,
        type=EventType.ATTEMPT_STARTED,
        created_at=timezone.now(),
        data={"attempt": task.attempt, "worker": worker.name},
    )


def recover_tasks(*, leases_are_trustworthy: Callable[[], bool]) -> list[AgentTask]:
    """Take back the tasks of every worker that is dead.

    Their next claim starts a new attempt, unless too many workers died of them.
    `leases_are_trustworthy` is for `declare_lost`.
    """
    declare_lost(leases_are_trustworthy=leases_are_trustworthy)
    lost = Worker.objects.filter(lost_at__isnull=False)
    tasks: list[AgentTask] = []
    while batch := _recover_some(list(lost.values_list("pk", flat=True))):
        tasks += batch
    lost.filter(lost_at__lt=Now() - KEEP_WORKERS).delete()
    return tasks


@transaction.atomic
def _recover_some(dead: Sequence[int]) -> list[AgentTask]:
    # No claim leaves a task without its worker: such a row was written by hand.
    is_orphan = Q(worker__in=dead) | Q(worker__isnull=True)
    held = AgentTask.objects.filter(is_orphan, status=Status.RUNNING)
    tasks = _lock(held, limit=MAX_RECOVER)
    if tasks:
        _recover(tasks)
    return tasks


def _recover(tasks: Sequence[AgentTask]) -> None:
    """Count their attempts as lost. Their rows are locked."""
    ids = [task.pk for task in tasks]
    AgentTask.objects.filter(pk__in=ids).update(lost_attempts=F("lost_attempts") + 1)
    for task in tasks:
        task.lost_attempts += 1
        log.warning("task.attempt_lost", task_id=task.pk, attempt=task.attempt)
        transaction.on_commit(metrics.ATTEMPTS_LOST.inc)
    spent = [task for task in tasks if task.lost_attempts >= settings.MAX_ATTEMPTS]
    return_to_queue(
        [task for task in tasks if task not in spent], EventType.ATTEMPT_LOST
    )
    for task in spent:
        end_unclaimed(
            task,
            status=Status.FAILED,
            code=ErrorCode.WORKER_LOST,
            detail=f"{task.lost_attempts} workers died while they ran this task.",
        )
    cancel_children([task.pk for task in spent])


@transaction.atomic
def lose_attempt(worker: Worker, key: AttemptKey) -> None:
    """Count an attempt of this worker as lost."""
    mine = AgentTask.objects.filter(fence.holds(key), worker=worker)
    _recover(_lock(mine, skip_locked=False))


@transaction.atomic
def record_late_usage(worker: Worker, spent: LateUsage) -> None:
    """Add what a cancelled attempt of this worker had spent by the time it stopped.

    The one thing that a worker may write to a task that has ended, and only once.
    """
    cancelled = AgentTask.objects.filter(fence.was_cancelled(spent.key), worker=worker)
    for task in _lock(cancelled, skip_locked=False):
        if spent.step is not None and spent.step <= task.steps_count:
            # The step was stored after all, and counted with it.
            spent = LateUsage(*spent.key, 0, 0, 0)
        _add_spent(task, spent)
        _keep_drafts(spent.drafts)
        _log_spent(task, spent)
        publish(task)


def _add_spent(task: AgentTask, spent: LateUsage) -> None:
    """To the task, and to the sums of tasks. Its worker has nothing more to add."""
    is_complete = task.cost_is_complete and spent.cost_nanodollars is not None
    added = {name: F(name) + value for name, value in spent.totals.items()}
    AgentTask.objects.filter(pk=task.pk).update(
        worker=None, cost_is_complete=is_complete, **added
    )
    incomplete = int(task.cost_is_complete and not is_complete)
    counters.count_spent(task.pk, {**spent.totals, "incomplete_costs": incomplete})


def _keep_drafts(drafts: Sequence[Draft]) -> None:
    """Some of them may be stored already; readers pass over what they have."""
    Draft.objects.bulk_create(
        drafts,
        update_conflicts=True,
        unique_fields=["task", "attempt", "seq", "channel", "offset"],
        update_fields=["text"],
    )


def _log_spent(task: AgentTask, spent: LateUsage) -> None:
    append_event(
        task,
        EventType.USAGE_RECORDED,
        {
            "input_tokens": spent.input_tokens,
            "output_tokens": spent.output_tokens,
            "cost": dollars(spent.cost_nanodollars),
            "is_estimate": spent.step is None,
        },
    )


@transaction.atomic
def release_tasks(worker: Worker, keys: Iterable[AttemptKey]) -> None:
    """Give attempts of this worker back, for another worker to go on with."""
    held = [key.task_id for key in fence.still_held(keys, lock=True)]
    mine = AgentTask.objects.filter(pk__in=held, worker=worker)
    return_to_queue(_lock(mine, skip_locked=False), EventType.ATTEMPT_RELEASED)


@transaction.atomic
def release_orphans(worker: Worker, running: Iterable[AttemptKey]) -> None:
    """Give back what this worker holds by the database, but does not run.

    The connection of a claim broke, and nobody knows whether it was committed.
    """
    claimed = AgentTask.objects.filter(status=Status.RUNNING, worker=worker)
    keys = {AttemptKey(*key) for key in claimed.values_list("id", "attempt")}
    release_tasks(worker, keys - set(running))


def _lock(
    tasks: TaskQuerySet, *, skip_locked: bool = True, limit: int | None = None
) -> list[AgentTask]:
    """The rows, locked in one order; those that somebody else decides on are left.

    Not where nobody else would come back to them: a live worker has to see to its own.
    """
    columns = tasks.only(
        "id",
        "owner_id",
        "status",
        "attempt",
        "lost_attempts",
        "priority",
        *TOTALS,
    ).order_by("id")
    return list(columns.select_for_update(skip_locked=skip_locked, no_key=True)[:limit])
