"""Gives the tasks of a live worker back to the queue."""

from collections.abc import Iterable

from django.db import transaction

from agentarium.tasks import fence
from agentarium.tasks.event_types import EventType
from agentarium.tasks.fence import AttemptKey
from agentarium.tasks.models import AgentTask, Worker
from agentarium.tasks.services import return_to_queue
from agentarium.worker.leases import release_lease
from agentarium.worker.queue.task_locks import lock_tasks

Status = AgentTask.Status


@transaction.atomic
def release_tasks(worker: Worker, keys: Iterable[AttemptKey]) -> None:
    """End these attempts of the worker; another worker continues their tasks.

    Ignores attempts that no longer hold their task.
    """
    held = [key.task_id for key in fence.still_held(keys, lock=True)]
    own = AgentTask.objects.filter(pk__in=held, worker=worker)
    return_to_queue(lock_tasks(own, skip_locked=False), EventType.ATTEMPT_RELEASED)


@transaction.atomic
def release_unconfirmed_claims(worker: Worker, running: Iterable[AttemptKey]) -> None:
    """Release what is assigned to the worker and is not in `running`.

    For a claim whose connection broke, since it may have been committed.
    """
    assigned = AgentTask.objects.filter(status=Status.RUNNING, worker=worker)
    keys = {AttemptKey(*key) for key in assigned.values_list("id", "attempt")}
    release_tasks(worker, keys - set(running))


@transaction.atomic
def retire(worker: Worker) -> None:
    """Release all tasks of a worker that no longer runs any, and its lease."""
    release_unconfirmed_claims(worker, [])
    release_lease(worker)
