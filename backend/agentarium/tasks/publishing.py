"""Saying that a task has changed, to whatever shows tasks live.

Tasks know nothing of how that is carried: what does, registers itself here.
"""

from functools import partial
from typing import Protocol

from django.db import transaction


class ChangedTask(Protocol):
    """A task, or as much of one as is published."""

    pk: int
    owner_id: int
    status: str


class Publisher(Protocol):
    """Passes a committed change on. Must neither wait nor fail."""

    def __call__(self, task: ChangedTask) -> None: ...


_publishers: list[Publisher] = []


def register_publisher(publisher: Publisher) -> None:
    """Have a publisher called with each change."""
    if publisher not in _publishers:
        _publishers.append(publisher)


def publish(task: ChangedTask) -> None:
    """Once the transaction is committed, have readers look at the task again."""
    transaction.on_commit(partial(_publish, task))


def _publish(task: ChangedTask) -> None:
    for publisher in _publishers:
        publisher(task)
