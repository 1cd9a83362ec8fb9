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
    """What an attempt has spent since what it knows to be stored.

    `cost_nanodollars` is None where the model's price is not known. Where a `step` is
    given, the answer was whole and may be stored after all, as the step of that number;
    otherwise it was interrupted, and its cost is an estimate.
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
        """What it adds to the columns of its task."""
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost_nanodollars": self.cost_nanodollars or 0,
        }


@transaction.atomic
def record_late_usage(worker: Worker, spent: LateUsage) -> None:
    """Add what a cancelled attempt of this worker had spent by the time it stopped.

    The one thing that a worker may write to a task that has ended, and only once.
    """
    cancelled = AgentTask.objects.filter(fence.was_cancelled(spent.key), worker=worker)
    for task in lock_tasks(cancelled, skip_locked=False):
        if spent.step is not None and spent.step <= task.steps_count:
            # The step was stored after all, and counted with it.
            spent = LateUsage(*spent.key, 0, 0, 0)
        _add_spent(task, spent)
        _keep_drafts(spent.drafts)
        _log_spent(task, spent)
        publish(task)


def _add_spent(task: AgentTask, spent: LateUsage) -> None:
    """To the task, and to the sums of tasks. Its worker has nothing more to add."""
    is_complete = task.cost_is_complete and spent.cost_nanodollars is not None
    added = {name: F(name) + value for name, value in spent.totals.items()}
    AgentTask.objects.filter(pk=task.pk).update(
        worker=None, cost_is_complete=is_complete, **added
    )
    incomplete = int(task.cost_is_complete and not is_complete)
    counters.count_spent(task.pk, {**spent.totals, "incomplete_costs": incomplete})


def _keep_drafts(drafts: Sequence[Draft]) -> None:
    """Some of them may be stored already; readers pass over what they have."""
    Draft.objects.bulk_create(
        drafts,
        update_conflicts=True,
        unique_fields=["task", "attempt", "seq", "channel", "offset"],
        update_fields=["text"],
    )


def _log_spent(task: AgentTask, spent: LateUsage) -> None:
    append_event(
        task,
        EventType.USAGE_RECORDED,
        {
            "input_tokens": spent.input_tokens,
            "output_tokens": spent.output_tokens,
            "cost": dollars(spent.cost_nanodollars),
            "is_estimate": spent.step is None,
        },
    )
