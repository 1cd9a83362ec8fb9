"""Publishing changes of tasks.

Publishers register themselves here: this app does not know how changes are delivered.
"""

from functools import partial
from typing import Protocol

from django.db import transaction


class ChangedTask(Protocol):
    """What is published of a task."""

    pk: int
    owner_id: int
    status: str


class Publisher(Protocol):
    """Delivers a committed change. Must neither block nor fail."""

    def __call__(self, task: ChangedTask) -> None: ...


_publishers: list[Publisher] = []


def register_publisher(publisher: Publisher) -> None:
    """Call `publisher` with every committed change. Safe to call twice."""
    if publisher not in _publishers:
        _publishers.append(publisher)


def publish(task: ChangedTask) -> None:
    """Publish the change of a task after the commit, so that readers re-read it."""
    transaction.on_commit(partial(_publish, task))


def _publish(task: ChangedTask) -> None:
    for publisher in _publishers:
        publisher(task)
