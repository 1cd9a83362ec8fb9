"""Usage that is counted after a cancel has ended its task."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from agentarium.runtime.call_usage import NOTHING_USED, CallUsage
from agentarium.tasks import counters, fence
from agentarium.tasks.event_types import EventType
from agentarium.tasks.fence import AttemptKey
from agentarium.tasks.models import AgentTask, Draft, Event, Worker
from agentarium.tasks.publishing import publish
from agentarium.tasks.services import TOTALS, add_usage, append_event, usage_data
from agentarium.worker.queue.task_locks import lock_tasks

# The events with which an attempt stores what a model call used.
_OF_USAGE = (EventType.STEP_COMPLETED, EventType.USAGE_RECORDED)


@dataclass(frozen=True, slots=True)
class LateUsage:
    """What an attempt has used since the last step that it knows to be stored.

    If it was to be stored together with the event `seq`, it may have been after all.
    """

    task_id: int
    attempt: int
    used: CallUsage
    drafts: Sequence[Draft] = ()
    seq: int | None = None

    @property
    def key(self) -> AttemptKey:
        return AttemptKey(self.task_id, self.attempt)


@transaction.atomic
def record_late_usage(worker: Worker, usage: LateUsage) -> None:
    """Add what a cancelled attempt of this worker used until it stopped.

    The only write of a worker to a task that has ended. It happens at most once.
    """
    cancelled = AgentTask.objects.filter(fence.was_cancelled(usage.key), worker=worker)
    for task in lock_tasks(cancelled, skip_locked=False):
        is_stored = _is_stored(usage)
        used = NOTHING_USED if is_stored else usage.used
        added = add_usage(task, used)
        # Clearing the worker makes it happen only once.
        task.worker = None
        task.save(update_fields=["worker", *TOTALS])
        counters.count_late_usage(task.pk, added)
        _store_drafts(() if is_stored else usage.drafts)
        append_event(task, EventType.USAGE_RECORDED, usage_data(used))
        publish(task)


def _is_stored(usage: LateUsage) -> bool:
    if usage.seq is None:
        return False
    events = Event.objects.filter(task=usage.task_id, attempt=usage.attempt)
    # What ended the task may have used this number, but then nothing of the attempt did.
    return events.filter(seq=usage.seq, type__in=_OF_USAGE).exists()


def _store_drafts(drafts: Sequence[Draft]) -> None:
    """Some of them may be stored already. Readers skip the text that they have."""
    Draft.objects.bulk_create(
        drafts,
        update_conflicts=True,
        unique_fields=["task", "attempt", "seq", "channel", "offset"],
        update_fields=["text"],
    )
