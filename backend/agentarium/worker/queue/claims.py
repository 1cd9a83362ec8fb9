"""Which pending tasks a worker gets next: claimed in one statement."""

from collections.abc import Sequence

import structlog
from django.db import connection, transaction
from django.utils import timezone

from agentarium.agents.models import AgentVersion
from agentarium.db.bulk_insert import BulkInsert, RowTemplate, in_clause
from agentarium.db.compiled_query import CompiledQuery
from agentarium.db.prepared_statements import prepared_cursor
from agentarium.tasks.event_types import EventType
from agentarium.tasks.models import AgentTask, Event, Worker
from agentarium.tasks.models.queue_order import IN_QUEUE_SQL, QUEUE_ORDER_SQL
from agentarium.worker.leases import is_at_work
from agentarium.worker.queue.limits import exclude_full, within_limits

log = structlog.get_logger(__name__)

Status = AgentTask.Status
_TABLE = AgentTask._meta.db_table
_TASKS = CompiledQuery(AgentTask.objects.all)
_VERSIONS = CompiledQuery(AgentVersion.objects.all)
_EVENTS, _NEW_EVENT = BulkInsert(Event), RowTemplate(Event)


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
