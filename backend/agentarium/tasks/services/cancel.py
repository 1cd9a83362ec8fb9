"""Cancelling and force-failing tasks. They override everything except an earlier end."""

from collections.abc import Sequence

from django.db import transaction

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.agents.services import hide_agent
from agentarium.core.exceptions import ConflictError
from agentarium.db.transactions import atomic
from agentarium.tasks.error_codes import ErrorCode
from agentarium.tasks.event_types import EventType
from agentarium.tasks.models import LIVE, AgentTask, TaskQuerySet
from agentarium.tasks.services.batches import BATCH, batches
from agentarium.tasks.services.ending import (
    append_all,
    end_all_outside_attempts,
    end_outside_attempt,
)
from agentarium.tasks.services.interrupted_calls import (
    INTERRUPTED_COLUMNS,
    take_from_workers,
)
from agentarium.tasks.services.locking import lock_families
from agentarium.tasks.services.usage import TOTALS
from agentarium.tasks.wake_ups import wake_workers

Status = AgentTask.Status


class TaskEndedError(ConflictError):
    """The task has already ended."""

    code = "task_ended"


def cancel_task(task: AgentTask, *, by: User) -> AgentTask:
    """Cancel a task and its children; its attempt can write nothing more.

    The worker is notified immediately, closes the connection to the provider, and then
    records the late usage. Raises `TaskEndedError`.
    """
    if not _cancel([task.pk], by=by):
        raise TaskEndedError
    return AgentTask.objects.for_detail().get(pk=task.pk)


def cancel_tasks(tasks: TaskQuerySet, *, by: User) -> int:
    """Cancel those of `tasks` that have not ended; returns their number."""
    count = 0
    ids = list(tasks.filter(status__in=LIVE).values_list("pk", flat=True))
    for batch in batches(ids):
        count += _cancel(batch, by=by)
    return count


@atomic
def _cancel(task_ids: Sequence[int], *, by: User) -> int:
    lock_families(task_ids)
    cancelled = _lock_live(AgentTask.objects.filter(pk__in=task_ids))
    _end_cancelled(cancelled, by=by.pk)
    cancel_children([task.pk for task in cancelled], by=by.pk)
    if cancelled:
        transaction.on_commit(wake_workers)
    return len(cancelled)


def cancel_children(task_ids: Sequence[int], *, by: int | None = None) -> None:
    """Cancel all descendants of these tasks, whose answers no task waits for any more.

    The caller has locked the rows of the tasks, with `lock_families`.
    """
    while task_ids:
        children = _lock_live(AgentTask.objects.filter(parent__in=task_ids))
        _end_cancelled(children, by=by)
        task_ids = [task.pk for task in children]


def _end_cancelled(tasks: Sequence[AgentTask], *, by: int | None) -> None:
    if not tasks:
        return
    append_all(
        EventType.CANCEL_REQUESTED,
        [(task, {"by": by, "was": task.status}) for task in tasks],
    )
    end_all_outside_attempts(tasks, status=Status.CANCELLED, code=ErrorCode.CANCELLED)


def _lock_live(tasks: TaskQuerySet) -> list[AgentTask]:
    live = tasks.filter(status__in=LIVE).order_by("id")
    return list(
        live.only("status", *INTERRUPTED_COLUMNS).select_for_update(
            of=("self",), no_key=True
        )
    )


def delete_agent(agent: Agent) -> None:
    """Hide an agent, then cancel its pending tasks; their records are kept.

    A hidden agent accepts no new tasks.
    """
    hide_agent(agent)
    pending = AgentTask.objects.filter(agent=agent, status=Status.PENDING)
    while _end_pending(pending):
        pass
    wake_workers()


@atomic
def _end_pending(pending: TaskQuerySet) -> int:
    columns = pending.order_by("id").only("id", "owner_id", "attempt", *TOTALS)
    tasks = list(columns.select_for_update(of=("self",), no_key=True)[:BATCH])
    if tasks:
        end_all_outside_attempts(
            tasks, status=Status.CANCELLED, code=ErrorCode.AGENT_DELETED
        )
    return len(tasks)


@atomic
def force_fail_task(task: AgentTask, *, by: User) -> None:
    """End a task as failed, as an operator. Raises `TaskEndedError`."""
    lock_families([task.pk])
    locked = _lock_live(AgentTask.objects.filter(pk=task.pk))
    if not locked:
        raise TaskEndedError
    take_from_workers(locked)
    end_outside_attempt(
        locked[0],
        status=Status.FAILED,
        code=ErrorCode.FAILED_BY_OPERATOR,
        detail=f"Ended by {by.username}.",
    )
    cancel_children([task.pk], by=by.pk)
    transaction.on_commit(wake_workers)
