"""Actions of operators on the tasks of all users."""

from collections.abc import Sequence

from django.db import transaction

from agentarium.accounts.models import User
from agentarium.db.transactions import atomic
from agentarium.tasks.event_types import EventType
from agentarium.tasks.models import AgentTask
from agentarium.tasks.services.batches import batches
from agentarium.tasks.services.cancel import TaskEndedError, force_fail_task
from agentarium.tasks.services.interrupted_calls import (
    INTERRUPTED_COLUMNS,
    take_from_workers,
)
from agentarium.tasks.services.queue import return_to_queue
from agentarium.tasks.services.retry import retry_tasks
from agentarium.tasks.wake_ups import wake_workers

Status = AgentTask.Status


def requeue_tasks(ids: Sequence[int], *, by: User) -> int:
    """Put running, waiting and failed tasks back into the queue; returns their number.

    A new attempt continues after the last stored step. The attempt that held a running
    task can write nothing more. Failed tasks are retried.
    """
    failed = AgentTask.objects.filter(pk__in=ids, status=Status.FAILED)
    count = retry_tasks(failed, by=by)
    for batch in batches(ids):
        count += _release(batch, by)
    return count


@atomic
def _release(ids: Sequence[int], by: User) -> int:
    active = AgentTask.objects.filter(
        pk__in=ids, status__in=(Status.RUNNING, Status.WAITING)
    )
    columns = active.only("status", "priority", *INTERRUPTED_COLUMNS)
    tasks = list(columns.order_by("id").select_for_update(no_key=True))
    take_from_workers(tasks)
    return_to_queue(tasks, EventType.ATTEMPT_RELEASED, by=by.pk)
    if tasks:
        transaction.on_commit(wake_workers)
    return len(tasks)


def fail_tasks(ids: Sequence[int], *, by: User) -> int:
    """End those of the tasks that have not ended as failed; returns their number."""
    count = 0
    for task in AgentTask.objects.filter(pk__in=ids).only("id"):
        try:
            force_fail_task(task, by=by)
        except TaskEndedError:
            continue
        count += 1
    return count
