"""The order in which tasks ended, for periodic jobs that process each of them once.

A checkpoint is the [finished_at, id] of the last processed task, as JSON.
"""

from datetime import datetime
from typing import Any

from django.db.models import Q

from agentarium.tasks.models import AgentTask, TaskQuerySet


def ended_after(checkpoint: Any) -> TaskQuerySet:
    """Ended tasks after the checkpoint, in order; without one, all ended tasks."""
    ended = AgentTask.objects.filter(finished_at__isnull=False)
    if checkpoint:
        finished_at, pk = datetime.fromisoformat(checkpoint[0]), checkpoint[1]
        ended = ended.filter(finished_at__gte=finished_at).exclude(
            Q(finished_at=finished_at, pk__lte=pk)
        )
    return ended.order_by("finished_at", "pk")


def is_processed(task: AgentTask, checkpoint: Any) -> bool:
    """Whether an ended task comes before the checkpoint or is the one at it."""
    if not checkpoint:
        return False
    assert task.finished_at
    last = (datetime.fromisoformat(checkpoint[0]), checkpoint[1])
    return (task.finished_at, task.pk) <= last


def checkpoint_at(finished_at: Any, pk: int) -> list[Any]:
    """The checkpoint after processing an ended task."""
    return [finished_at.isoformat(), pk]
