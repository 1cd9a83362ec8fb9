"""The order of the queue: by priority, and fair between owners within a priority."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from agentarium.db.clock import Now
from agentarium.db.prepared_statements import prepared_cursor
from agentarium.tasks.event_types import EventType
from agentarium.tasks.models import AgentTask
from agentarium.tasks.models.queue_order import IN_QUEUE_SQL
from agentarium.tasks.publishing import publish
from agentarium.tasks.services.ending import append_events, record_decisions

# Tasks that become due in one transaction, so that it stays short.
MAX_DUE = 500
_TABLE = AgentTask._meta.db_table
# A template: `owner_id` and `priority` are SQL expressions. `next_rank` explains it.
NEXT_RANK = f"""COALESCE(
    (SELECT MAX(rank) + 1 FROM {_TABLE}
     WHERE {IN_QUEUE_SQL}
     AND priority = {{priority}} AND owner_id = {{owner_id}}),
    (SELECT MIN(rank) FROM {_TABLE}
     WHERE {IN_QUEUE_SQL} AND priority = {{priority}}),
    0
)"""  # noqa: S608 - our table
_NEXT_RANK = f"SELECT {NEXT_RANK.format(owner_id='%s', priority='%s')}"


def next_rank(*, owner_id: int, priority: int) -> int:
    """The place of an owner's next task among the pending tasks of its priority.

    Start-time fair queueing (Goyal, Vin and Cheng, 1996) with tasks of equal weight:
    an owner's tasks get consecutive ranks, and the first gets the rank of the task that
    is next in the queue. So a thousand tasks of one owner delay another owner's first
    task by one task. Both numbers are read from the ends of an index.
    """
    with prepared_cursor() as cursor:
        cursor.execute(_NEXT_RANK, [priority, owner_id, priority])
        return int(cursor.fetchone()[0])


@transaction.atomic
def queue_due_tasks() -> int:
    """Put scheduled tasks that are due into the queue; returns their number."""
    later = AgentTask.objects.filter(
        status=AgentTask.Status.PENDING, is_due=False, run_after__lte=Now()
    )
    columns = later.order_by("run_after").only("id", "owner_id", "priority")
    tasks = list(columns.select_for_update(skip_locked=True, no_key=True)[:MAX_DUE])
    for task in tasks:
        rank = next_rank(owner_id=task.owner_id, priority=task.priority)
        AgentTask.objects.filter(pk=task.pk).update(is_due=True, rank=rank)
    return len(tasks)


def return_to_queue(tasks: Sequence[AgentTask], event: EventType, **data: Any) -> None:
    """Make tasks pending again, for new attempts. The caller has locked their rows.

    Takes a fixed number of statements: a lost worker may leave a thousand tasks.
    """
    _assign_ranks(tasks)
    for task in tasks:
        task.status, task.worker_id = AgentTask.Status.PENDING, None
    AgentTask.objects.bulk_update(tasks, ["status", "worker", "rank"])
    record_decisions([task.pk for task in tasks])
    append_events(tasks, event, data)
    for task in tasks:
        publish(task)


def _assign_ranks(tasks: Sequence[AgentTask]) -> None:
    """Tasks of one owner and priority get consecutive ranks."""
    ranks: dict[tuple[int, int], int] = {}
    for task in tasks:
        queue = (task.owner_id, task.priority)
        if queue not in ranks:
            ranks[queue] = next_rank(owner_id=task.owner_id, priority=task.priority)
        task.rank = ranks[queue]
        ranks[queue] += 1
