"""Gives the tasks of a live worker back to the queue."""

from collections.abc import Iterable

from django.db import transaction

from agentarium.tasks import fence
from agentarium.tasks.event_types import EventType
from agentarium.tasks.fence import AttemptKey
from agentarium.tasks.models import AgentTask, Worker
from agentarium.tasks.services import return_to_queue, take_from_workers
from agentarium.worker.leases import release_lease
from agentarium.worker.queue.task_locks import lock_tasks

Status = AgentTask.Status


@transaction.atomic
def release_tasks(
    worker: Worker, keys: Iterable[AttemptKey], *, have_run: bool = True
) -> None:
    """End these attempts of the worker; another worker continues their tasks.

    Ignores attempts that no longer hold their task.
    """
    held = [key.task_id for key in fence.still_held(keys, lock=True)]
    own = AgentTask.objects.filter(pk__in=held, worker=worker)
    tasks = lock_tasks(own, skip_locked=False)
    if have_run:
        take_from_workers(tasks)
    return_to_queue(tasks, EventType.ATTEMPT_RELEASED)


@transaction.atomic
def release_unconfirmed_claims(worker: Worker, running: Iterable[AttemptKey]) -> None:
    """Release what is assigned to the worker and is not in `running`.

    For a claim whose connection broke, since it may have been committed.
    """
    release_tasks(worker, _assigned(worker) - set(running), have_run=False)


@transaction.atomic
def retire(worker: Worker) -> None:
    """Release all tasks of a worker that no longer runs any, and its lease."""
    release_tasks(worker, _assigned(worker))
    release_lease(worker)


def _assigned(worker: Worker) -> set[AttemptKey]:
    assigned = AgentTask.objects.filter(status=Status.RUNNING, worker=worker)
    return {AttemptKey(*key) for key in assigned.values_list("id", "attempt")}
