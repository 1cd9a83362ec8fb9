"""Gives the next pending tasks of the queue to a worker."""

from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection, transaction

from agentarium.agents.models import AgentVersion
from agentarium.db import clock
from agentarium.db.bulk_insert import BulkInsert, RowTemplate, in_clause
from agentarium.db.compiled_query import CompiledQuery
from agentarium.db.prepared_statements import prepared_cursor
from agentarium.tasks.event_types import EventType
from agentarium.tasks.models import AgentTask, Event, Worker
from agentarium.tasks.models.queue_order import IN_QUEUE_SQL, QUEUE_ORDER_SQL
from agentarium.worker.leases import still_registered
from agentarium.worker.queue.limits import exclude_at_limit, within_limits

_TABLE = AgentTask._meta.db_table
_TASKS = CompiledQuery(AgentTask.objects.all)
_VERSIONS = CompiledQuery(AgentVersion.objects.all)
_EVENTS, _NEW_EVENT = BulkInsert(Event), RowTemplate(Event)


class Claim(NamedTuple):
    """The tasks that were claimed, and whether limits keep others from running.

    With `has_more`, tasks of other users and agents may be behind those that were left
    in the queue. With `is_limited`, the next task to end makes room for another.
    """

    tasks: list[AgentTask]
    has_more: bool = False
    is_limited: bool = False


def claim_tasks(worker: Worker, *, limit: int) -> list[AgentTask]:
    """The tasks of a `claim`."""
    return claim(worker, limit=limit).tasks


@transaction.atomic
def claim(worker: Worker, *, limit: int) -> Claim:
    """Claim up to `limit` tasks, each as a new attempt.

    Workers that claim concurrently skip each other's rows. If this worker is declared
    lost at the same moment, the next recovery finds the tasks that it claimed.
    """
    if not still_registered(worker):
        return Claim([])
    excluded, values = exclude_at_limit()
    found = _next_in_queue(limit, excluded, values)
    tasks = within_limits(found)
    if tasks:
        _set_running(worker, tasks)
        _EVENTS.run([_started_event(task, worker) for task in tasks])
    has_more = len(tasks) < len(found)
    return Claim(tasks, has_more=has_more, is_limited=has_more or bool(values))


def _next_in_queue(limit: int, excluded: str, values: Sequence[int]) -> list[AgentTask]:
    """The tasks of `in_queue`, locked. Hand-written SQL, since every claim runs it.

    It reads one table, in the order of its index. With millions of ended tasks the
    planner of PostgreSQL expects few pending ones and prefers to sort them all, however
    long the queue is: after a join, or when the index is bloated. So sorting is off, and
    the versions are read by a second query.
    """
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
    _load_versions(tasks)
    return tasks


def _load_versions(tasks: Sequence[AgentTask]) -> None:
    in_ids, ids = in_clause({task.agent_version_id for task in tasks})
    found = _VERSIONS.select(f" WHERE id {in_ids}", ids) if tasks else []
    versions = {version.pk: version for version in found}
    for task in tasks:
        task.agent_version = versions[task.agent_version_id]


def _set_running(worker: Worker, tasks: Sequence[AgentTask]) -> None:
    for task in tasks:
        task.attempt += 1
        task.status = AgentTask.Status.RUNNING
    in_ids, ids = in_clause([task.pk for task in tasks])
    with prepared_cursor() as cursor:
        cursor.execute(
            f"UPDATE {_TABLE} SET status = 'running', attempt = attempt + 1,"  # noqa: S608
            f" worker_id = %s, started_at = COALESCE(started_at, {clock.now_sql()})"
            f" WHERE id {in_ids}",
            [worker.pk, *ids],
        )


def _started_event(task: AgentTask, worker: Worker) -> Event:
    return _NEW_EVENT.fill(
        task_id=task.pk,
        attempt=task.attempt,
        seq=1,
        type=EventType.ATTEMPT_STARTED,
        created_at=clock.now(),
        data={"attempt": task.attempt, "worker": worker.name},
    )
