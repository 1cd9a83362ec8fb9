"""Accepting work. What is returned from here is committed, and will be done."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import orjson
import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.core.exceptions import ConflictError
from agentarium.core.group_commit import GroupCommit
from agentarium.core.tracing import current_traceparent
from agentarium.tasks import fence
from agentarium.tasks.fence import AttemptKey
from agentarium.tasks.models import AgentTask, Submission, ToolCall
from agentarium.tasks.services.intake import Order, Wishes, take_in

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


_intake = GroupCommit[Order, AgentTask](take_in)


def submit_task(
    *, agent: Agent, input_text: str, owner: User, wishes: Wishes | None = None
) -> AgentTask:
    """Record a task, and wake a worker once the row is committed.

    Raises `NotFoundError` if the agent was deleted in the meantime, and
    `QueueFullError`.
    """
    return _intake.run(_order(agent, input_text, owner, wishes or Wishes()))


def _order(agent: Agent, input_text: str, owner: User, wishes: Wishes) -> Order:
    return Order(
        agent=agent,
        owner=owner,
        input_text=input_text,
        wishes=wishes,
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
        traceparent=current_traceparent(),
    )


def submit_once(
    *,
    key: str,
    agent: Agent,
    input_text: str,
    owner: User,
    wishes: Wishes | None = None,
) -> AgentTask:
    """Submit under an `Idempotency-Key`: the same key and body give the same task.

    It is as it was when it was accepted, whatever has become of it since. Without a key
    each is a task of its own. Raises `IdempotencyConflictError` when the key came with
    another body, and what `submit_task` raises.
    """
    order = _order(agent, input_text, owner, wishes or Wishes())
    if not key:
        return _intake.run(order)
    order = replace(order, key=key, body_hash=_hash(order))
    if earlier := _earlier(order):
        return earlier
    try:
        return _intake.run(order)
    except IntegrityError:
        # The same request came twice at the same time, and the other one was first.
        earlier = _earlier(order)
        if earlier is None:
            raise
        return earlier


def _earlier(order: Order) -> AgentTask | None:
    mine = Submission.objects.filter(owner=order.owner, key=order.key)
    mine.filter(created_at__lt=timezone.now() - REMEMBER).delete()
    known = mine.first()
    if known is None:
        return None
    if known.body_hash != order.body_hash:
        raise IdempotencyConflictError
    return _as_accepted(AgentTask.objects.for_detail().get(pk=known.task_id))


def _as_accepted(task: AgentTask) -> AgentTask:
    """A task without what has become of it, to be shown and not to be saved."""
    return AgentTask(**{name: getattr(task, name) for name in ACCEPTED})


def _hash(order: Order) -> str:
    wishes = order.wishes
    body = [
        order.agent.pk,
        order.input_text,
        wishes.priority,
        wishes.run_after,
        wishes.follows and wishes.follows.pk,
    ]
    return hashlib.sha256(orjson.dumps(body)).hexdigest()


@transaction.atomic
def submit_child(*, parent: AgentTask, agent: Agent, call: ToolCall) -> bool:
    """Have `agent` answer a call of a running task, as a task of its own.

    `call` is saved as waiting for it, unless the parent's attempt has lost its task;
    returns whether it was. The input is the call's `answer`-to-be: its arguments.
    """
    if not fence.find_held([AttemptKey.of(parent)], lock=True):
        return False
    if known := _asked_already(call):
        call.child = known
        return True
    wishes = Wishes(parent=parent, priority=parent.priority)
    text = str(orjson.loads(call.arguments)["input"])
    call.child = submit_task(
        agent=agent, input_text=text, owner=agent.owner, wishes=wishes
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
