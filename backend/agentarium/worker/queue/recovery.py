"""Puts the tasks of lost workers back into the queue."""

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
from agentarium.tasks.services import (
    cancel_children,
    end_unclaimed,
    return_to_queue,
)
from agentarium.worker.leases import declare_lost
from agentarium.worker.queue.task_locks import lock_tasks

log = structlog.get_logger(__name__)

Status = AgentTask.Status
# Taken back in one transaction: what is cut short is done again.
MAX_RECOVER = 200
# How long the row of a worker that is gone is kept for people to look at.
KEEP_WORKERS = timedelta(days=1)


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
    tasks = lock_tasks(held, limit=MAX_RECOVER)
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
    _recover(lock_tasks(mine, skip_locked=False))
