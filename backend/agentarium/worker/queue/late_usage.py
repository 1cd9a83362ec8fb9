"""Tokens that are counted after a cancel has ended their task."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from agentarium.runtime.prices import dollars
from agentarium.tasks import counters, fence
from agentarium.tasks.event_types import EventType
from agentarium.tasks.fence import AttemptKey
from agentarium.tasks.models import AgentTask, Draft, Worker
from agentarium.tasks.publishing import publish
from agentarium.tasks.services import append_event
from agentarium.worker.queue.task_locks import lock_tasks


@dataclass(frozen=True, slots=True)
class LateUsage:
    """What an attempt has used since the last step that it knows to be stored.

    `cost_nanodollars` is None if the model's price is unknown. If the response was
    complete, `step` is its position, and it may have been stored after all. If it was
    interrupted, `step` is None and the figures are an estimate.
    """

    task_id: int
    attempt: int
    input_tokens: int
    output_tokens: int
    cost_nanodollars: int | None
    drafts: Sequence[Draft] = ()
    step: int | None = None

    @property
    def key(self) -> AttemptKey:
        return AttemptKey(self.task_id, self.attempt)

    @property
    def totals(self) -> dict[str, int]:
        """Column of the task -> what is added to it."""
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost_nanodollars": self.cost_nanodollars or 0,
        }


@transaction.atomic
def record_late_usage(worker: Worker, usage: LateUsage) -> None:
    """Add what a cancelled attempt of this worker used until it stopped.

    The only write of a worker to a task that has ended. It happens at most once.
    """
    cancelled = AgentTask.objects.filter(fence.was_cancelled(usage.key), worker=worker)
    for task in lock_tasks(cancelled, skip_locked=False):
        if usage.step is not None and usage.step <= task.steps_count:
            # The step was stored after all, and its usage with it.
            usage = LateUsage(*usage.key, 0, 0, 0)
        _add_usage(task, usage)
        _store_drafts(usage.drafts)
        _log_usage(task, usage)
        publish(task)


def _add_usage(task: AgentTask, usage: LateUsage) -> None:
    """To the task and the statistics. Clearing the worker makes it happen only once."""
    is_complete = task.cost_is_complete and usage.cost_nanodollars is not None
    added = {name: F(name) + value for name, value in usage.totals.items()}
    AgentTask.objects.filter(pk=task.pk).update(
        worker=None, cost_is_complete=is_complete, **added
    )
    incomplete = int(task.cost_is_complete and not is_complete)
    counters.count_late_usage(task.pk, {**usage.totals, "incomplete_costs": incomplete})


def _store_drafts(drafts: Sequence[Draft]) -> None:
    """Some of them may be stored already. Readers skip the text that they have."""
    Draft.objects.bulk_create(
        drafts,
        update_conflicts=True,
        unique_fields=["task", "attempt", "seq", "channel", "offset"],
        update_fields=["text"],
    )


def _log_usage(task: AgentTask, usage: LateUsage) -> None:
    append_event(
        task,
        EventType.USAGE_RECORDED,
        {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cost": dollars(usage.cost_nanodollars),
            "is_estimate": usage.step is None,
        },
    )
