"""Gives the tasks of a live worker back to the queue."""

from collections.abc import Iterable

from django.db import transaction

from agentarium.tasks import fence
from agentarium.tasks.event_types import EventType
from agentarium.tasks.fence import AttemptKey
from agentarium.tasks.models import AgentTask, Worker
from agentarium.tasks.services import return_to_queue
from agentarium.worker.queue.task_locks import lock_tasks

Status = AgentTask.Status


@transaction.atomic
def release_tasks(worker: Worker, keys: Iterable[AttemptKey]) -> None:
    """Give attempts of this worker back, for another worker to go on with."""
    held = [key.task_id for key in fence.still_held(keys, lock=True)]
    mine = AgentTask.objects.filter(pk__in=held, worker=worker)
    return_to_queue(lock_tasks(mine, skip_locked=False), EventType.ATTEMPT_RELEASED)


@transaction.atomic
def release_orphans(worker: Worker, running: Iterable[AttemptKey]) -> None:
    """Give back what this worker holds by the database, but does not run.

    The connection of a claim broke, and nobody knows whether it was committed.
    """
    claimed = AgentTask.objects.filter(status=Status.RUNNING, worker=worker)
    keys = {AttemptKey(*key) for key in claimed.values_list("id", "attempt")}
    release_tasks(worker, keys - set(running))
