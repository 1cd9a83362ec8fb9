"""What is forgotten once it is old enough: the log of tasks that ended long ago.

A task, its steps and its ends stay. What is deleted are the other events and the text
of answers that broke off; what a reader then sees is made from the steps (`log.py`).
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from agentarium.tasks.completion_order import ended_after, place_of
from agentarium.tasks.event_types import TERMINAL_EVENTS
from agentarium.tasks.models import Draft, Event, Submission
from agentarium.tasks.services.submit import REMEMBER

# Tasks whose log is deleted in one transaction, and rows of other tables.
MAX_TASKS = 200
MAX_ROWS = 1000


@transaction.atomic
def delete_old_logs(checkpoint: Any) -> Any:
    """Delete the logs of some tasks that ended too long ago, the oldest first.

    The checkpoint is the last task's (finished_at, id): what lies before it is never
    looked at again. None says that there is no more to do now.
    """
    if not settings.KEEP_EVENTS_DAYS:
        return None
    ended = ended_after(checkpoint).filter(
        finished_at__lt=timezone.now() - timedelta(days=settings.KEEP_EVENTS_DAYS)
    )
    # Locked, so that none of them is run again in between.
    locked = ended.select_for_update(no_key=True)
    batch = list(locked.values_list("finished_at", "pk")[:MAX_TASKS])
    if not batch:
        return None
    ids = [pk for _, pk in batch]
    Event.objects.filter(task__in=ids).exclude(type__in=TERMINAL_EVENTS).delete()
    Draft.objects.filter(task__in=ids).delete()
    return place_of(*batch[-1])


def forget_submissions() -> int:
    """Forget some `Idempotency-Key`s that nobody is promised any more; how many."""
    old = Submission.objects.filter(created_at__lt=timezone.now() - REMEMBER)
    ids = list(old.order_by("created_at").values_list("pk", flat=True)[:MAX_ROWS])
    Submission.objects.filter(pk__in=ids).delete()
    return len(ids)
