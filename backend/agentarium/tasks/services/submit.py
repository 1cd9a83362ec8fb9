"""Accepting work. What is returned from here is committed, and will be done."""

from datetime import timedelta

import orjson
from django.db import IntegrityError, transaction
from django.utils import timezone

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.core.exceptions import ConflictError
from agentarium.db.group_commit import GroupCommit
from agentarium.tasks import fence
from agentarium.tasks.fence import AttemptKey
from agentarium.tasks.models import AgentTask, Submission, ToolCall
from agentarium.tasks.services.intake import NewTask, insert_tasks

# How long the same `Idempotency-Key` gets the same answer.
REMEMBER = timedelta(hours=24)
# What a task has from the beginning, and keeps.
ACCEPTED = (
    "id",
    "owner_id",
    "agent",
    "agent_version",
    "input_text",
    "priority",
    "run_after",
    "follows_id",
    "parent_id",
    "request_id",
    "created_at",
)


class IdempotencyConflictError(ConflictError):
    """This Idempotency-Key was used with another body."""

    code = "idempotency_conflict"


_intake = GroupCommit[NewTask, AgentTask](insert_tasks)


def submit_task(*, agent: Agent, input_text: str, owner: User) -> AgentTask:
    """Record a task, and wake a worker once the row is committed.

    Raises `NotFoundError` if the agent was deleted in the meantime, and
    `QueueFullError`.
    """
    return submit_once(NewTask(agent=agent, owner=owner, input_text=input_text))


def submit_once(new: NewTask) -> AgentTask:
    """Submit under an `Idempotency-Key`: the same key and body give the same task.

    It is as it was when it was accepted, whatever has become of it since. Without a key
    each is a task of its own. Raises `IdempotencyConflictError` when the key came with
    another body, and what `submit_task` raises.
    """
    if not new.key:
        return _intake.run(new)
    if earlier := _earlier(new):
        return earlier
    try:
        return _intake.run(new)
    except IntegrityError:
        # The same request came twice at the same time, and the other one was first.
        earlier = _earlier(new)
        if earlier is None:
            raise
        return earlier


def _earlier(new: NewTask) -> AgentTask | None:
    mine = Submission.objects.filter(owner=new.owner, key=new.key)
    mine.filter(created_at__lt=timezone.now() - REMEMBER).delete()
    known = mine.first()
    if known is None:
        return None
    if known.body_hash != new.body_hash:
        raise IdempotencyConflictError
    return _as_accepted(AgentTask.objects.for_detail().get(pk=known.task_id))


def _as_accepted(task: AgentTask) -> AgentTask:
    """A task without what has become of it, to be shown and not to be saved."""
    return AgentTask(**{name: getattr(task, name) for name in ACCEPTED})


@transaction.atomic
def submit_child(*, parent: AgentTask, agent: Agent, call: ToolCall) -> bool:
    """Have `agent` answer a call of a running task, as a task of its own.

    `call` is saved as waiting for it, unless the parent's attempt has lost its task;
    returns whether it was. The input is the call's `answer`-to-be: its arguments.
    """
    if not fence.still_held([AttemptKey.of(parent)], lock=True):
        return False
    if known := _asked_already(call):
        call.child = known
        return True
    call.child = submit_once(
        NewTask(
            agent=agent,
            owner=agent.owner,
            input_text=str(orjson.loads(call.arguments)["input"]),
            parent=parent,
            priority=parent.priority,
        )
    )
    # An earlier one of this call went away with a cancel of its task.
    ToolCall.objects.store([call])
    return True


def _asked_already(call: ToolCall) -> AgentTask | None:
    """The task that answers a call, where the connection broke as it was made.

    It may have answered since.
    """
    known = (
        ToolCall.objects.filter(
            task=call.task_id,
            step=call.step,
            tool_call_id=call.tool_call_id,
            status__in=(ToolCall.Status.WAITING, ToolCall.Status.ANSWERED),
        )
        .select_related("child")
        .first()
    )
    return known.child if known else None
