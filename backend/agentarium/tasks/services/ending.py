"""How a task ends, and how its log goes on, while no worker holds it."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from agentarium.core.metrics import TASKS_ENDED, labelled
from agentarium.tasks.announce import announce
from agentarium.tasks.models import AgentTask, Event, ToolCall

MAX_DETAIL_CHARS = 1000


def end_unclaimed(
    task: AgentTask, *, status: AgentTask.Status, code: str, detail: str = ""
) -> None:
    """End a task that no worker writes to. The caller has locked its row."""
    detail = detail[:MAX_DETAIL_CHARS]
    AgentTask.objects.filter(pk=task.pk).update(
        status=status, finished_at=timezone.now(), error_code=code, error_detail=detail
    )
    task.status = status
    close_calls([task.pk])
    append_event(
        task,
        f"task.{status.value}",
        {"status": status.value, "error_code": code, "error_detail": detail},
    )
    announce(task)
    transaction.on_commit(labelled(TASKS_ENDED, status.value).inc)


def close_calls(task_ids: Collection[int]) -> None:
    """Nobody has to decide for these tasks any more.

    A call that may have been made stays known as such: should the task be run again,
    it must not be made without asking.
    """
    waiting = ToolCall.objects.waiting().filter(task__in=task_ids)
    waiting.filter(waits_for=ToolCall.WaitsFor.OUTCOME).update(
        status=ToolCall.Status.STARTED
    )
    waiting.update(status=ToolCall.Status.COMPLETED, is_error=True)


def append_event(task: AgentTask, kind: str, data: Mapping[str, Any]) -> Event:
    """Add to the log of a task that no worker writes to. Its row is locked."""
    last = Event.objects.filter(task=task, attempt=task.attempt).aggregate(Max("seq"))
    return Event.objects.create(
        task=task,
        attempt=task.attempt,
        seq=(last["seq__max"] or 0) + 1,
        type=kind,
        data=dict(data),
    )


def append_events(
    tasks: Collection[AgentTask], kind: str, data: Mapping[str, Any]
) -> None:
    """Add to the logs of many tasks, with the number of the attempt that is over."""
    ids = [task.pk for task in tasks]
    logs = Event.objects.filter(task__in=ids).order_by()
    ends = logs.values_list("task", "attempt").annotate(Max("seq"))
    last = {(task, attempt): seq for task, attempt, seq in ends}
    Event.objects.bulk_create(
        Event(
            task=task,
            attempt=task.attempt,
            seq=last.get((task.pk, task.attempt), 0) + 1,
            type=kind,
            data={"attempt": task.attempt, **data},
        )
        for task in tasks
    )
