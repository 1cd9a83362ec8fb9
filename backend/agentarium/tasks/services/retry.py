"""Retrying tasks that failed or were cancelled; their record is kept."""

from collections import Counter
from collections.abc import Iterable

from django.db import transaction

from agentarium.accounts.models import User
from agentarium.accounts.quotas import ROW_BYTES
from agentarium.accounts.storage import add_stored
from agentarium.core.exceptions import ConflictError
from agentarium.db.transactions import atomic
from agentarium.tasks import counters
from agentarium.tasks.event_types import EventType
from agentarium.tasks.models import AgentTask, TaskQuerySet
from agentarium.tasks.publishing import publish
from agentarium.tasks.services.batches import batches
from agentarium.tasks.services.ending import append_all
from agentarium.tasks.services.queue import next_rank
from agentarium.tasks.services.trees import forget_trees
from agentarium.tasks.wake_ups import wake_workers

Status = AgentTask.Status
RETRYABLE = (Status.FAILED, Status.CANCELLED)


class NotRetryableError(ConflictError):
    """Only a failed or cancelled task can be retried."""

    code = "not_retryable"


def retry_task(task: AgentTask, *, by: User) -> AgentTask:
    """Queue a task again. Its stored steps are kept, and not repeated.

    Raises `NotRetryableError`, and `QuotaExceededError` if its owner may store no more.
    """
    if not _retry(AgentTask.objects.filter(pk=task.pk), by=by):
        raise NotRetryableError
    return AgentTask.objects.for_detail().get(pk=task.pk)


def retry_tasks(tasks: TaskQuerySet, *, by: User) -> int:
    """Queue the failed and cancelled ones of `tasks` again; returns their number."""
    count = 0
    ids = list(tasks.filter(status__in=RETRYABLE).values_list("pk", flat=True))
    for batch in batches(ids):
        count += _retry(AgentTask.objects.filter(pk__in=batch), by=by)
    return count


@atomic
def _retry(tasks: TaskQuerySet, *, by: User) -> int:
    ended = tasks.filter(status__in=RETRYABLE).order_by("id")
    columns = ended.only("attempt", "priority", *counters.COLUMNS)
    locked = list(columns.select_for_update(of=("self",), no_key=True))
    forget_trees(task.pk for task in locked)
    counters.uncount(locked)
    append_all(
        EventType.TASK_RETRIED,
        [(task, {"by": by.pk, "was": task.status}) for task in locked],
    )
    for task in locked:
        task.status = Status.PENDING
        AgentTask.objects.filter(pk=task.pk).update(
            status=Status.PENDING,
            rank=next_rank(owner_id=task.owner_id, priority=task.priority),
            lost_attempts=0,
            worker=None,
            finished_at=None,
            error_code="",
            error_detail="",
            error_provider_message="",
        )
        publish(task)
    if locked:
        transaction.on_commit(wake_workers)
        _count_stored(locked)
    return len(locked)


def _count_stored(tasks: Iterable[AgentTask]) -> None:
    """Count the event of each retry, and that of the next end."""
    for owner_id, count in sorted(Counter(task.owner_id for task in tasks).items()):
        add_stored(owner_id, 2 * count * ROW_BYTES)
