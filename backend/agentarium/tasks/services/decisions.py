"""Decisions on tool calls that wait: by people, by the clock, by other tasks.

A decision is one transaction: it locks the task's row, answers the call once, and makes
the task pending again when no other call is waiting.
"""

import json
from datetime import datetime
from typing import Any

from django.db import transaction

from agentarium.accounts.models import User
from agentarium.core.exceptions import ConflictError
from agentarium.db.clock import Now
from agentarium.db.transactions import atomic
from agentarium.tasks.error_codes import ErrorCode
from agentarium.tasks.event_types import EventType
from agentarium.tasks.models import AgentTask, ToolCall
from agentarium.tasks.publishing import publish
from agentarium.tasks.services.cancel import cancel_children
from agentarium.tasks.services.ending import append_event, end_outside_attempt
from agentarium.tasks.services.interrupted_calls import take_from_workers
from agentarium.tasks.services.locking import lock_families
from agentarium.tasks.services.queue import next_rank
from agentarium.tasks.wake_ups import wake_workers

Status = ToolCall.Status
WaitsFor = ToolCall.WaitsFor


class NotWaitingError(ConflictError):
    """The call is not waiting any more: it was decided, or its task has ended."""

    code = "not_waiting"


def approve_call(
    call: ToolCall, *, by: User, arguments: dict[str, Any] | None = None
) -> ToolCall:
    """Allow a call, with other arguments if given. Raises `NotWaitingError`."""
    changes: dict[str, Any] = {"status": Status.APPROVED}
    if arguments is not None:
        changes["arguments"] = json.dumps(arguments, ensure_ascii=False)
    return _decide(call, WaitsFor.APPROVAL, "approved", by=by, **changes)


def reject_call(call: ToolCall, *, by: User, reason: str = "") -> ToolCall:
    """Refuse a call; its answer tells the model so. Raises `NotWaitingError`."""
    answer = f"A person rejected this call. {reason}".strip()
    return _decide(
        call,
        WaitsFor.APPROVAL,
        "rejected",
        by=by,
        status=Status.ANSWERED,
        answer=answer,
        is_error=True,
    )


def answer_call(call: ToolCall, *, by: User, text: str) -> ToolCall:
    """Answer the agent's question. Raises `NotWaitingError`."""
    return _decide(
        call, WaitsFor.ANSWER, "answered", by=by, status=Status.ANSWERED, answer=text
    )


@atomic
def resolve_call(
    call: ToolCall, *, by: User, outcome: str, result: str = ""
) -> ToolCall:
    """Resolve a call whose outcome is unknown because its worker died during it.

    `outcome` is "done" (`result` answers the call), "repeat" (make the call again) or
    "fail" (end the task). Raises `NotWaitingError`.
    """
    if outcome == "repeat":
        return _decide(call, WaitsFor.OUTCOME, "repeat", by=by, status=Status.APPROVED)
    if outcome == "fail":
        lock_families([call.task_id])
    decided = _decide(
        call, WaitsFor.OUTCOME, outcome, by=by, status=Status.ANSWERED, answer=result
    )
    if outcome == "fail":
        task = AgentTask.objects.select_for_update(no_key=True).get(pk=call.task_id)
        take_from_workers([task])
        detail = f"The outcome of {call.name} was unknown. {result}".strip()
        end_outside_attempt(
            task,
            status=AgentTask.Status.FAILED,
            code=ErrorCode.TOOL_OUTCOME_UNKNOWN,
            detail=detail,
        )
        cancel_children([task.pk], by=by.pk)
    return decided


@atomic
def _decide(
    call: ToolCall, waits_for: str, decision: str, *, by: User | None, **changes: Any
) -> ToolCall:
    task = AgentTask.objects.select_for_update(of=("self",), no_key=True).get(
        pk=call.task_id
    )
    data = {
        "tool_call_id": call.tool_call_id,
        "decision": decision,
        "by": by and by.pk,
    }
    if "arguments" in changes:
        data["arguments"] = changes["arguments"]
    is_held = task.status == AgentTask.Status.RUNNING
    changes |= {"decided_by": by, "decided_at": Now()}
    waiting = ToolCall.objects.waiting().filter(pk=call.pk, waits_for=waits_for)
    if not waiting.update(pending_event=data if is_held else None, **changes):
        raise NotWaitingError
    if not is_held:
        append_event(task, EventType.TOOL_DECIDED, data)
    if task.status == AgentTask.Status.WAITING:
        resume_if_decided(task)
    return ToolCall.objects.select_related("task__agent").get(pk=call.pk)


def resume_if_decided(task: AgentTask) -> None:
    """Queue a waiting task if none of its calls is waiting. Its row is locked."""
    if ToolCall.objects.waiting().filter(task=task).exists():
        return
    task.status = AgentTask.Status.PENDING
    AgentTask.objects.filter(pk=task.pk).update(
        status=task.status,
        rank=next_rank(owner_id=task.owner_id, priority=task.priority),
    )
    publish(task)
    transaction.on_commit(wake_workers)


def expire_calls(*, now: datetime | None = None) -> int:
    """Refuse calls that were not decided in time; returns their number."""
    overdue = ToolCall.objects.waiting().filter(expires_at__lt=now or Now())
    count = 0
    # The order of an index of waiting calls: by id, SQLite would read all calls.
    for call in overdue.order_by("expires_at")[:100]:
        try:
            _decide(
                call,
                call.waits_for,
                "expired",
                by=None,
                status=Status.ANSWERED,
                answer=_expiry_answer(call),
                is_error=True,
            )
        except NotWaitingError:
            continue
        count += 1
    return count


def _expiry_answer(call: ToolCall) -> str:
    if call.waits_for == WaitsFor.OUTCOME:
        return "The outcome of this call is unknown: it may or may not have been made."
    return "No one decided in time. The call was not made."


def answer_from_children() -> int:
    """Answer calls whose child task has ended; returns their number."""
    calls = ToolCall.objects.waiting().filter(
        waits_for=WaitsFor.TASK, child__finished_at__isnull=False
    )
    count = 0
    # The order of an index of waiting calls: by id, SQLite would read all calls, or all
    # ended tasks.
    for call in calls.select_related("child").order_by("task_id")[:100]:
        assert call.child
        is_error = call.child.status != AgentTask.Status.COMPLETED
        end = (
            "failed"
            if call.child.status == AgentTask.Status.FAILED
            else "was cancelled"
        )
        failure = f"The task {end}. {call.child.error_detail}".strip()
        try:
            _decide(
                call,
                WaitsFor.TASK,
                str(call.child.status),
                by=None,
                status=Status.ANSWERED,
                answer=failure if is_error else call.child.output_text,
                is_error=is_error,
            )
        except NotWaitingError:
            continue
        count += 1
    return count
