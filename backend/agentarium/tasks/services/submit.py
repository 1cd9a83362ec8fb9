"""Accepting work. What is returned from here is committed, and will be done."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from agentarium.accounts.models import User
from agentarium.agents.models import Agent, AgentVersion
from agentarium.core.exceptions import (
    ConflictError,
    NotFoundError,
    TooManyRequestsError,
)
from agentarium.core.metrics import TASKS_SUBMITTED
from agentarium.core.tracing import current_traceparent
from agentarium.tasks.announce import announce
from agentarium.tasks.models import AgentTask, Event, Submission, ToolCall
from agentarium.tasks.services.queue import next_rank
from agentarium.tasks.wake import wake_workers

# How long the same `Idempotency-Key` gets the same answer.
REMEMBER = timedelta(hours=24)
# What a full queue asks a client to wait, in seconds.
RETRY_AFTER = 30


class IdempotencyConflictError(ConflictError):
    """This Idempotency-Key was used with another body."""

    code = "idempotency_conflict"


class QueueFullError(TooManyRequestsError):
    """Too many of your tasks are pending; try again when some are done."""

    code = "queue_full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a task may ask for beside its agent and its input."""

    priority: int = 0
    run_after: datetime | None = None
    follows: AgentTask | None = None
    parent: AgentTask | None = None


NO_WISHES = Wishes()


@transaction.atomic
def submit_task(
    *, agent: Agent, input_text: str, owner: User, wishes: Wishes = NO_WISHES
) -> AgentTask:
    """Record a task, and wake a worker once the row is committed.

    Raises `NotFoundError` if the agent was deleted in the meantime, and
    `QueueFullError`.
    """
    _check_room(agent, owner)
    version = AgentVersion.objects.defer("instructions").get(
        agent=agent, number=agent.version
    )
    task = AgentTask.objects.create(
        owner=owner,
        agent=agent,
        agent_version=version,
        input_text=input_text,
        priority=wishes.priority,
        rank=next_rank(owner_id=owner.pk, priority=wishes.priority),
        run_after=wishes.run_after,
        is_due=wishes.run_after is None or wishes.run_after <= timezone.now(),
        follows=wishes.follows,
        parent=wishes.parent,
        depth=wishes.parent.depth + 1 if wishes.parent else 0,
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
    )
    origin = {"traceparent": here} if (here := current_traceparent()) else {}
    Event.objects.create(task=task, attempt=0, seq=1, type="task.created", data=origin)
    # Last, so that the agent's row is locked for as short as can be; and it decides
    # between us and whoever deletes the agent at the same time.
    kept = Agent.objects.kept().filter(pk=agent.pk)
    if not kept.update(tasks_count=F("tasks_count") + 1):
        raise NotFoundError
    announce(task)
    transaction.on_commit(TASKS_SUBMITTED.inc)
    transaction.on_commit(wake_workers)
    return task


def _check_room(agent: Agent, owner: User) -> None:
    pending = AgentTask.objects.filter(owner=owner, status=AgentTask.Status.PENDING)
    for limit, tasks in (
        (settings.MAX_PENDING_PER_USER, pending),
        (settings.MAX_PENDING_PER_AGENT, pending.filter(agent=agent)),
    ):
        if limit and tasks[limit - 1 : limit].exists():
            detail = f"{limit} of your tasks are pending; try again when some are done."
            raise QueueFullError(detail, retry_after=RETRY_AFTER)


def submit_once(
    *,
    key: str,
    agent: Agent,
    input_text: str,
    owner: User,
    wishes: Wishes = NO_WISHES,
) -> AgentTask:
    """Submit under an `Idempotency-Key`: the same key and body give the same task.

    Without a key each is a task of its own. Raises `IdempotencyConflictError` when the
    key came with another body, and what `submit_task` raises.
    """
    if not key:
        return submit_task(
            agent=agent, input_text=input_text, owner=owner, wishes=wishes
        )
    body_hash = _hash(agent, input_text, wishes)
    if earlier := _earlier(owner, key, body_hash):
        return earlier
    try:
        with transaction.atomic():
            task = submit_task(
                agent=agent, input_text=input_text, owner=owner, wishes=wishes
            )
            Submission.objects.create(
                owner=owner, key=key, body_hash=body_hash, task=task
            )
    except IntegrityError:
        # The same request came twice at the same time, and the other one was first.
        earlier = _earlier(owner, key, body_hash)
        if earlier is None:
            raise
        return earlier
    return task


def _earlier(owner: User, key: str, body_hash: str) -> AgentTask | None:
    Submission.objects.filter(
        owner=owner, key=key, created_at__lt=timezone.now() - REMEMBER
    ).delete()
    known = Submission.objects.filter(owner=owner, key=key).first()
    if known is None:
        return None
    if known.body_hash != body_hash:
        raise IdempotencyConflictError
    return AgentTask.objects.for_detail().get(pk=known.task_id)


def _hash(agent: Agent, input_text: str, wishes: Wishes) -> str:
    body = [
        agent.pk,
        input_text,
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
    held = AgentTask.objects.filter(pk=parent.pk).held(attempt=parent.attempt)
    if not held.select_for_update(no_key=True).exists():
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
    ToolCall.objects.bulk_create(
        [call],
        update_conflicts=True,
        unique_fields=["task", "step", "tool_call_id"],
        update_fields=["status", "waits_for", "child", "is_error"],
    )
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
