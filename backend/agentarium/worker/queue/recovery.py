"""Puts the tasks of dead workers back into the queue, or fails them."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from agentarium.db.clock import Now
from agentarium.observability import metrics
from agentarium.tasks import fence
from agentarium.tasks.error_codes import ErrorCode
from agentarium.tasks.event_types import EventType
from agentarium.tasks.fence import AttemptKey
from agentarium.tasks.models import AgentTask, Worker
from agentarium.tasks.publishing import publish
from agentarium.tasks.services import (
    cancel_children,
    end_outside_attempt,
    lock_families,
    return_to_queue,
    take_from_workers,
)
from agentarium.worker.leases import declare_lost
from agentarium.worker.queue.task_locks import lock_tasks

log = structlog.get_logger(__name__)

Status = AgentTask.Status
# Recovered in one transaction. An interrupted recovery is repeated.
MAX_BATCH = 200
# How long operators can see a worker that has ended.
KEEP_WORKERS = timedelta(days=1)


def recover_tasks(*, leases_are_trustworthy: Callable[[], bool]) -> list[AgentTask]:
    """Put the running tasks of all dead workers back into the queue.

    Fails those that have lost `MAX_ATTEMPTS` workers. Returns all of them. Also deletes
    old workers. `leases_are_trustworthy` is for `declare_lost`.
    """
    declare_lost(leases_are_trustworthy=leases_are_trustworthy)
    ended = Worker.objects.filter(lost_at__isnull=False)
    tasks: list[AgentTask] = []
    worker_ids = list(ended.values_list("pk", flat=True))
    while batch := _recover_batch(worker_ids):
        tasks += batch
    while _settle_abandoned(worker_ids):
        pass
    ended.filter(lost_at__lt=Now() - KEEP_WORKERS).delete()
    return tasks


@transaction.atomic
def _recover_batch(worker_ids: Sequence[int]) -> list[AgentTask]:
    # A claim always sets the worker. A running task without one was edited by hand.
    is_orphan = Q(worker__in=worker_ids) | Q(worker__isnull=True)
    orphans = AgentTask.objects.filter(is_orphan, status=Status.RUNNING)
    # Only what is locked first is waited for: the others skip locked rows.
    exhausted = orphans.filter(lost_attempts__gte=settings.MAX_ATTEMPTS - 1)
    lock_families(exhausted.order_by("id").values_list("pk", flat=True)[:MAX_BATCH])
    tasks = lock_tasks(orphans, limit=MAX_BATCH)
    if tasks:
        _recover(tasks)
    return tasks


@transaction.atomic
def _settle_abandoned(worker_ids: Sequence[int]) -> bool:
    """Count the usage of ended tasks that their workers had no time to report.

    Returns whether there were any.
    """
    ended = AgentTask.objects.filter(worker__in=worker_ids, finished_at__isnull=False)
    tasks = lock_tasks(ended, limit=MAX_BATCH)
    take_from_workers(tasks)
    for task in tasks:
        publish(task)
    return bool(tasks)


def _recover(tasks: Sequence[AgentTask]) -> None:
    """Count the attempts of these tasks, whose rows are locked, as lost."""
    ids = [task.pk for task in tasks]
    AgentTask.objects.filter(pk__in=ids).update(lost_attempts=F("lost_attempts") + 1)
    take_from_workers(tasks)
    for task in tasks:
        task.lost_attempts += 1
        log.warning("task.attempt_lost", task_id=task.pk, attempt=task.attempt)
        transaction.on_commit(metrics.ATTEMPTS_LOST.inc)
    exhausted = [task for task in tasks if task.lost_attempts >= settings.MAX_ATTEMPTS]
    return_to_queue(
        [task for task in tasks if task not in exhausted], EventType.ATTEMPT_LOST
    )
    for task in exhausted:
        end_outside_attempt(
            task,
            status=Status.FAILED,
            code=ErrorCode.WORKER_LOST,
            detail=f"{task.lost_attempts} workers died while they were running this task.",
        )
    cancel_children([task.pk for task in exhausted])


@transaction.atomic
def lose_attempt(worker: Worker, key: AttemptKey) -> None:
    """Count an attempt of this worker as lost, if it still holds its task."""
    own = AgentTask.objects.filter(fence.holds(key), worker=worker)
    lock_families([key.task_id])
    _recover(lock_tasks(own, skip_locked=False))
