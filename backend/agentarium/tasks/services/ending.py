"""Ending tasks and writing to their logs, while no attempt holds them."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Max

from agentarium.db.clock import Now
from agentarium.observability.metrics import TASKS_ENDED, labelled
from agentarium.tasks.error_codes import ErrorCode
from agentarium.tasks.event_types import EventType
from agentarium.tasks.models import MAX_DETAIL_CHARS, AgentTask, Event, ToolCall
from agentarium.tasks.publishing import publish
from agentarium.tasks.services.usage import totals


def end_outside_attempt(
    task: AgentTask, *, status: AgentTask.Status, code: ErrorCode, detail: str = ""
) -> None:
    """End a task that no worker writes to, like `end_all_outside_attempts`."""
    end_all_outside_attempts([task], status=status, code=code, detail=detail)


def end_all_outside_attempts(
    tasks: Sequence[AgentTask],
    *,
    status: AgentTask.Status,
    code: ErrorCode,
    detail: str = "",
) -> None:
    """End tasks that no worker writes to. The caller has locked their rows.

    A worker that was executing one adds what it spent since its last step afterwards.
    Takes as many statements for many tasks as for one.
    """
    ids = [task.pk for task in tasks]
    detail = detail[:MAX_DETAIL_CHARS]
    AgentTask.objects.filter(pk__in=ids).update(
        status=status,
        finished_at=Now(),
        error_code=code.value,
        error_detail=detail,
    )
    record_decisions(ids)
    close_calls(ids)
    data = {"status": status.value, "error_code": code.value, "error_detail": detail}
    append_all(
        EventType.of_status(status), [(task, data | totals(task)) for task in tasks]
    )
    for task in tasks:
        task.status = status
        publish(task)
    transaction.on_commit(partial(labelled(TASKS_ENDED, status.value).inc, len(ids)))


def record_decisions(task_ids: Collection[int]) -> None:
    """Log decisions that were made while attempts held these tasks.

    Only the attempt may write to the log in that time. The caller has locked the rows.
    """
    pending = ToolCall.objects.filter(task__in=task_ids, pending_event__isnull=False)
    calls = list(pending.select_related("task").order_by("decided_at", "id"))
    for call in calls:
        append_event(call.task, EventType.TOOL_DECIDED, call.pending_event or {})
    if calls:
        pending.update(pending_event=None)


def close_calls(task_ids: Collection[int]) -> None:
    """Close the waiting calls of tasks that have ended.

    A call with an unknown outcome stays `started`: a retry of the task must not repeat
    it without asking.
    """
    waiting = ToolCall.objects.waiting().filter(task__in=task_ids)
    waiting.filter(waits_for=ToolCall.WaitsFor.OUTCOME).update(
        status=ToolCall.Status.STARTED
    )
    waiting.update(status=ToolCall.Status.COMPLETED, is_error=True)


def append_event(task: AgentTask, kind: EventType, data: Mapping[str, Any]) -> Event:
    """Append to the log of a task that no attempt holds. Its row is locked."""
    last = Event.objects.filter(task=task, attempt=task.attempt).aggregate(Max("seq"))
    return Event.objects.create(
        task=task,
        attempt=task.attempt,
        seq=(last["seq__max"] or 0) + 1,
        type=kind,
        data=dict(data),
    )


def append_events(
    tasks: Collection[AgentTask], kind: EventType, data: Mapping[str, Any]
) -> None:
    """Append to the logs of many tasks, adding the number of the ended attempt."""
    append_all(kind, [(task, {"attempt": task.attempt, **data}) for task in tasks])


def append_all(
    kind: EventType, entries: Sequence[tuple[AgentTask, Mapping[str, Any]]]
) -> None:
    """Append to the logs of tasks that no attempt holds: to each once, with its data.

    Their rows are locked. Takes two statements.
    """
    logs = Event.objects.filter(task__in=[task.pk for task, _ in entries]).order_by()
    ends = logs.values_list("task", "attempt").annotate(Max("seq"))
    last = {(task, attempt): seq for task, attempt, seq in ends}
    Event.objects.bulk_create(
        Event(
            task=task,
            attempt=task.attempt,
            seq=last.get((task.pk, task.attempt), 0) + 1,
            type=kind,
            data=dict(data),
        )
        for task, data in entries
    )
