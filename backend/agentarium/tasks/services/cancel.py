"""Stopping tasks. A cancel wins against everything but a task that has ended."""

from collections.abc import Sequence

from django.db import transaction

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.agents.services import hide_agent
from agentarium.core.exceptions import ConflictError
from agentarium.tasks.error_codes import ErrorCode
from agentarium.tasks.event_types import EventType
from agentarium.tasks.models import LIVE, AgentTask, TaskQuerySet
from agentarium.tasks.services.batches import BATCH, batches
from agentarium.tasks.services.ending import TOTALS, append_event, end_unclaimed
from agentarium.tasks.wake_ups import wake_workers

Status = AgentTask.Status


class TaskEndedError(ConflictError):
    """The task has ended already."""

    code = "task_ended"


def cancel_task(task: AgentTask, *, by: User) -> AgentTask:
    """End a task now, and what it called; a running one writes nothing after this.

    The worker that holds it finds out at once, closes the provider's connection, and
    then adds what was spent. Raises `TaskEndedError`.
    """
    if not _cancel(AgentTask.objects.filter(pk=task.pk), by=by):
        raise TaskEndedError
    return AgentTask.objects.for_detail().get(pk=task.pk)


def cancel_tasks(tasks: TaskQuerySet, *, by: User) -> int:
    """Cancel all of `tasks` that are live; returns how many that were."""
    count = 0
    ids = list(tasks.filter(status__in=LIVE).values_list("pk", flat=True))
    for batch in batches(ids):
        count += _cancel(AgentTask.objects.filter(pk__in=batch), by=by)
    return count


@transaction.atomic
def _cancel(tasks: TaskQuerySet, *, by: User) -> int:
    """Lock parents before children: whoever ends several tasks does it in this order."""
    cancelled = _lock_live(tasks)
    _end_cancelled(cancelled, by=by.pk)
    cancel_children([task.pk for task in cancelled], by=by.pk)
    if cancelled:
        transaction.on_commit(wake_workers)
    return len(cancelled)


def cancel_children(task_ids: Sequence[int], *, by: int | None = None) -> None:
    """Cancel what these tasks have called, and what that has called.

    Nobody waits for its answer any more. The caller has locked the rows of the tasks.
    """
    while task_ids:
        called = _lock_live(AgentTask.objects.filter(parent__in=task_ids))
        _end_cancelled(called, by=by)
        task_ids = [task.pk for task in called]


def _end_cancelled(tasks: Sequence[AgentTask], *, by: int | None) -> None:
    for task in tasks:
        append_event(task, EventType.CANCEL_REQUESTED, {"by": by, "was": task.status})
        end_unclaimed(task, status=Status.CANCELLED, code=ErrorCode.CANCELLED)


def _lock_live(tasks: TaskQuerySet) -> list[AgentTask]:
    live = tasks.filter(status__in=LIVE).order_by("id")
    return list(
        live.only("id", "owner_id", "attempt", "status", *TOTALS).select_for_update(
            of=("self",), no_key=True
        )
    )


def delete_agent(agent: Agent) -> None:
    """Hide an agent, then stop its tasks that have not begun; all of them remain.

    Once it is hidden nobody can submit another.
    """
    hide_agent(agent)
    pending = AgentTask.objects.filter(agent=agent, status=Status.PENDING)
    while _end_pending(pending):
        pass
    wake_workers()


@transaction.atomic
def _end_pending(pending: TaskQuerySet) -> int:
    columns = pending.order_by("id").only("id", "owner_id", "attempt", *TOTALS)
    tasks = list(columns.select_for_update(of=("self",), no_key=True)[:BATCH])
    for task in tasks:
        end_unclaimed(task, status=Status.CANCELLED, code=ErrorCode.AGENT_DELETED)
    return len(tasks)


@transaction.atomic
def force_fail_task(task: AgentTask, *, by: User) -> None:
    """End a task as failed, whatever it does, as an operator. Raises `TaskEndedError`."""
    locked = _lock_live(AgentTask.objects.filter(pk=task.pk))
    if not locked:
        raise TaskEndedError
    end_unclaimed(
        locked[0],
        status=Status.FAILED,
        code=ErrorCode.FAILED_BY_OPERATOR,
        detail=f"Ended by {by.username}.",
    )
    cancel_children([task.pk], by=by.pk)
    transaction.on_commit(wake_workers)
