"""Submitting tasks. A task returned from here is committed and will run."""

from datetime import timedelta

import orjson
from django.db import IntegrityError, transaction

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.core.exceptions import ConflictError
from agentarium.db.clock import Now
from agentarium.db.group_commit import GroupCommit
from agentarium.tasks import fence
from agentarium.tasks.fence import AttemptKey
from agentarium.tasks.models import AgentTask, Submission, ToolCall
from agentarium.tasks.services.intake import NewTask, insert_tasks
from agentarium.tasks.services.trees import add_to_tree, root_of

# How long an `Idempotency-Key` is remembered.
KEY_LIFETIME = timedelta(hours=24)
# The columns that a task has from the beginning and keeps.
SUBMITTED_COLUMNS = (
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
    """This Idempotency-Key was used with a different request. Use a new key."""

    code = "idempotency_conflict"


_intake = GroupCommit[NewTask, AgentTask](insert_tasks)


def submit_task(*, agent: Agent, input_text: str, owner: User) -> AgentTask:
    """Store a task, and wake the workers once it is committed.

    Raises `NotFoundError` if the agent was deleted in the meantime, and
    `QueueFullError`.
    """
    return submit_once(NewTask(agent=agent, owner=owner, input_text=input_text))


def submit_once(new: NewTask) -> AgentTask:
    """Submit under an `Idempotency-Key`: the same key and body return the same task.

    A repeated request gets the task as it was when it was submitted. Without a key,
    every call creates a task. Raises `IdempotencyConflictError` if the key was used
    with another body, and what `submit_task` raises.
    """
    if not new.key:
        return _intake.run(new)
    if existing := _find_submitted(new):
        return existing
    try:
        return _intake.run(new)
    except IntegrityError:
        # The same request arrived twice concurrently, and the other one was first.
        existing = _find_submitted(new)
        if existing is None:
            raise
        return existing


def _find_submitted(new: NewTask) -> AgentTask | None:
    submissions = Submission.objects.filter(owner=new.owner, key=new.key)
    submissions.filter(created_at__lt=Now() - KEY_LIFETIME).delete()
    submission = submissions.first()
    if submission is None:
        return None
    if submission.body_hash != new.body_hash:
        raise IdempotencyConflictError
    return _as_submitted(AgentTask.objects.for_detail().get(pk=submission.task_id))


def _as_submitted(task: AgentTask) -> AgentTask:
    """The task as it was submitted: an unsaved copy, for the response only."""
    return AgentTask(**{name: getattr(task, name) for name in SUBMITTED_COLUMNS})


@transaction.atomic
def submit_child(*, parent: AgentTask, agent: Agent, call: ToolCall) -> bool:
    """Submit a task for `agent` whose output will answer `call` of a running task.

    Its input is `input` of the call's arguments. Stores `call` as waiting for the child.
    Returns False, and stores nothing, if the parent's attempt has lost its task. Raises
    `TreeFullError`.
    """
    if not fence.still_held([AttemptKey.of(parent)], lock=True):
        return False
    if existing := _find_child(call):
        call.child = existing
        return True
    root_id = root_of(parent)
    add_to_tree(root_id)
    call.child = submit_once(
        NewTask(
            agent=agent,
            owner=agent.owner,
            input_text=str(orjson.loads(call.arguments)["input"]),
            parent=parent,
            root_id=root_id,
            priority=parent.priority,
        )
    )
    # An upsert: the call has a row if an earlier child was cancelled with the task.
    ToolCall.objects.store([call])
    return True


def _find_child(call: ToolCall) -> AgentTask | None:
    """The child of a call, if it was committed before the connection was lost.

    The child may have answered in the meantime.
    """
    stored = (
        ToolCall.objects.filter(
            task=call.task_id,
            step=call.step,
            tool_call_id=call.tool_call_id,
            status__in=(ToolCall.Status.WAITING, ToolCall.Status.ANSWERED),
        )
        .select_related("child")
        .first()
    )
    return stored.child if stored else None
