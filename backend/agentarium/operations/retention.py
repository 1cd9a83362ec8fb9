"""Retention: deleting the logs of tasks that ended long ago, and old idempotency keys.

A task, its steps and its terminal events are kept; other events and drafts are deleted.
For readers, `streaming/event_log.py` restores the events of steps from the steps.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from agentarium.accounts.storage import free_stored, json_row_size
from agentarium.tasks.completion_order import checkpoint_at, ended_after
from agentarium.tasks.event_types import TERMINAL_EVENTS
from agentarium.tasks.models import AgentTask, Draft, Event, Submission
from agentarium.tasks.services.submit import KEY_LIFETIME

# Per transaction: tasks whose logs are deleted, and rows of other tables.
MAX_TASKS = 200
MAX_ROWS = 1000


@transaction.atomic
def delete_old_logs(checkpoint: Any, now: datetime) -> Any:
    """Delete the logs of the next tasks past their retention, the oldest first.

    Returns the new checkpoint (see `completion_order.py`), or None if no tasks are left.
    """
    if not settings.KEEP_EVENTS_DAYS:
        return None
    ended = ended_after(checkpoint).filter(
        finished_at__lt=now - timedelta(days=settings.KEEP_EVENTS_DAYS)
    )
    batch = list(ended.values_list("finished_at", "pk")[:MAX_TASKS])
    if not batch:
        return None
    ids = _lock_ended(batch)
    events = Event.objects.filter(task__in=ids).exclude(type__in=TERMINAL_EVENTS)
    sizes = _sizes(events)
    events.delete()
    Draft.objects.filter(task__in=ids).delete()
    free_stored(sizes)
    return checkpoint_at(*batch[-1])


def _lock_ended(batch: Sequence[tuple[Any, int]]) -> list[int]:
    """Lock the tasks of (finished_at, id) pairs, so that none of them is retried.

    In the order of every transaction that locks tasks, and filtered again: a task that
    was retried in the meantime has not ended, or has ended later.
    """
    ended = AgentTask.objects.filter(
        pk__in=[pk for _, pk in batch], finished_at__lte=batch[-1][0]
    )
    locked = ended.order_by("id").select_for_update(no_key=True)
    return list(locked.values_list("pk", flat=True))


def _sizes(events: QuerySet[Event]) -> Counter[int]:
    """The bytes of the events, by owner."""
    sizes: Counter[int] = Counter()
    for owner_id, data in events.order_by().values_list("task__owner", "data"):
        sizes[owner_id] += json_row_size(data)
    return sizes


def forget_submissions(now: datetime) -> int:
    """Delete some expired `Idempotency-Key`s; returns their number."""
    old = Submission.objects.filter(created_at__lt=now - KEY_LIFETIME)
    ids = list(old.order_by("created_at").values_list("pk", flat=True)[:MAX_ROWS])
    Submission.objects.filter(pk__in=ids).delete()
    return len(ids)
