"""The order in which tasks ended, for work that goes through them once.

A checkpoint is the (finished_at, id) of the last one that was done, as JSON.
"""

from datetime import datetime
from typing import Any

from django.db.models import Q

from agentarium.tasks.models import AgentTask, TaskQuerySet


def ended_after(checkpoint: Any) -> TaskQuerySet:
    """Those that come after the checkpoint, in order; all of them where there is none."""
    ended = AgentTask.objects.filter(finished_at__isnull=False)
    if checkpoint:
        finished_at, pk = datetime.fromisoformat(checkpoint[0]), checkpoint[1]
        ended = ended.filter(finished_at__gte=finished_at).exclude(
            Q(finished_at=finished_at, pk__lte=pk)
        )
    return ended.order_by("finished_at", "pk")


def is_behind(task: AgentTask, checkpoint: Any) -> bool:
    """Whether a task that has ended was done by the time of the checkpoint."""
    if not checkpoint:
        return False
    assert task.finished_at
    last = (datetime.fromisoformat(checkpoint[0]), checkpoint[1])
    return (task.finished_at, task.pk) <= last


def place_of(finished_at: Any, pk: int) -> list[Any]:
    """The checkpoint behind a task that has ended."""
    return [finished_at.isoformat(), pk]
