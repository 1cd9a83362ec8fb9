"""Telling whoever watches that a task has changed, once the change is committed."""

from functools import partial
from typing import Protocol

from django.db import transaction

from agentarium.tasks import site
from agentarium.tasks.event_types import StatusEventType
from agentarium.tasks.live import CHANGED, Bus, Channel


class Changed(Protocol):
    """A task, or as much of one as people are told of."""

    pk: int
    owner_id: int
    status: str


def announce(task: Changed) -> None:
    """After the commit, have readers of the task and of its owner's tasks look."""
    transaction.on_commit(partial(tell, site.bus(), task))


def tell(bus: Bus, task: Changed) -> None:
    """Have the readers look now."""
    bus.publish(Channel.task(task.pk), CHANGED)
    bus.publish(
        Channel.owner(task.owner_id),
        {
            "type": StatusEventType.TASK_CHANGED,
            "task": task.pk,
            "status": str(task.status),
        },
    )
