"""Inserting new tasks: those of many requests, in one transaction.

The SQL is hand-written where the ORM would do, because every submit pays for it.
"""

import hashlib
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import orjson
import structlog
from django.conf import settings
from django.db import connection, transaction

from agentarium.accounts import storage
from agentarium.accounts.models import User
from agentarium.accounts.quotas import ROW_BYTES, QuotaExceededError
from agentarium.accounts.storage import STORED_BYTES, add_within, text_size
from agentarium.agents.models import Agent, AgentVersion
from agentarium.core.exceptions import NotFoundError, TooManyRequestsError
from agentarium.db import clock
from agentarium.db.bulk_insert import BulkInsert, RowTemplate, placeholders
from agentarium.db.prepared_statements import prepared_cursor
from agentarium.observability.metrics import TASKS_SUBMITTED
from agentarium.observability.tracing import current_traceparent
from agentarium.tasks.event_types import EventType
from agentarium.tasks.limits import LimitCounter
from agentarium.tasks.models import AgentTask, Event, Submission
from agentarium.tasks.publishing import publish
from agentarium.tasks.services.queue import NEXT_RANK
from agentarium.tasks.wake_ups import wake_workers

# `Retry-After` of the response when the queue is full.
RETRY_AFTER_SECONDS = 30

_AGENTS = Agent._meta.db_table
_AGENT_VERSIONS = AgentVersion._meta.db_table
_TABLE = AgentTask._meta.db_table
# The columns of a version that the response shows, in this order; others are deferred.
_VERSION_COLUMNS = ("id", "model", "agent_id", "number")
_PENDING = (
    f"(SELECT COUNT(*) FROM (SELECT 1 FROM {_TABLE}"  # noqa: S608 - our table
    " WHERE status = 'pending' AND owner_id = batch.owner_id{and_agent}"
    " LIMIT %s) AS pending)"
)
# Reads one `_QueueState` for each owner, agent, version number and priority.
_QUEUE_STATES = f"""
WITH batch (owner_id, agent_id, number, priority) AS (VALUES {{keys}})
SELECT
    batch.owner_id,
    batch.priority,
    {_PENDING.format(and_agent="")},
    {_PENDING.format(and_agent=" AND agent_id = batch.agent_id")},
    {NEXT_RANK.format(owner_id="batch.owner_id", priority="batch.priority")},
    (SELECT used_bytes FROM {storage.TABLE} WHERE owner_id = batch.owner_id),
    (SELECT stored_bytes FROM {storage.LIMITS_TABLE} WHERE user_id = batch.owner_id),
    {", ".join(f"version.{name}" for name in _VERSION_COLUMNS)}
FROM batch
JOIN {_AGENT_VERSIONS} AS version USING (agent_id, number)"""  # noqa: S608
# The columns before those of the version.
_COUNTS = 7
_NEW_TASK, _NEW_EVENT = RowTemplate(AgentTask), RowTemplate(Event)
# Without `created_at`: the database sets it by its own clock.
_TASKS = BulkInsert(
    AgentTask, without=["id", "created_at"], returning=["id", "created_at"]
)
_EVENTS = BulkInsert(Event, without=["created_at"])
_SUBMISSIONS = BulkInsert(Submission, without=["id", "created_at"])


class QueueFullError(TooManyRequestsError):
    """Too many of your tasks are pending. Try again when some have finished."""

    code = "queue_full"


def _request_id() -> str:
    request_id: str = structlog.contextvars.get_contextvars().get("request_id", "")
    return request_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """A task to submit. `key` is the request's `Idempotency-Key`, if it had one."""

    agent: Agent
    owner: User
    input_text: str
    priority: int = 0
    run_after: datetime | None = None
    follows: AgentTask | None = None
    parent: AgentTask | None = None
    root_id: int | None = None
    key: str = ""
    request_id: str = field(default_factory=_request_id)
    traceparent: str = field(default_factory=current_traceparent)

    @property
    def size(self) -> int:
        """The bytes that it takes: its row, its first event and its input."""
        return 2 * ROW_BYTES + text_size(self.input_text)

    @property
    def is_due(self) -> bool:
        return self.run_after is None or self.run_after <= clock.now()

    @property
    def body_hash(self) -> str:
        """A digest of the request; equal requests have equal ones."""
        body = [
            self.agent.pk,
            self.input_text,
            self.priority,
            self.run_after,
            self.follows and self.follows.pk,
        ]
        return hashlib.sha256(orjson.dumps(body)).hexdigest()


Outcome = AgentTask | QueueFullError | QuotaExceededError


def insert_tasks(new_tasks: Sequence[NewTask]) -> list[Outcome]:
    """Insert tasks with their first events, and wake workers after the commit.

    Returns an outcome for each: the task, or `QueueFullError` or `QuotaExceededError` if
    a limit is reached. The caller has begun a transaction. Raises `NotFoundError` if an
    agent was deleted in the meantime, and `QuotaExceededError` if another transaction
    used up what was left.
    """
    states = _read_queue_states(new_tasks)
    pending, stored = _pending_counter(states), _StoredBytes(states)
    errors = [stored.check(new) or _check_limits(pending, new) for new in new_tasks]
    accepted = [
        new for new, error in zip(new_tasks, errors, strict=True) if error is None
    ]
    tasks = _create(accepted, states)
    if accepted:
        _update_counts(accepted, stored)
    created = iter(tasks)
    if tasks:
        transaction.on_commit(lambda: TASKS_SUBMITTED.inc(len(tasks)))
        transaction.on_commit(wake_workers)
    return [error or next(created) for error in errors]


def _create(
    new_tasks: Sequence[NewTask], states: Sequence["_QueueState"]
) -> list[AgentTask]:
    ranks = _Ranks(states)
    versions = {
        (state.agent_id, state.version.number): state.version for state in states
    }
    tasks = [
        _fill_row(new, versions[new.agent.pk, new.agent.version], ranks.next_for(new))
        for new in new_tasks
    ]
    _TASKS.run(tasks)
    _EVENTS.run(
        [
            _NEW_EVENT.fill(
                task_id=task.pk,
                attempt=0,
                seq=1,
                type=EventType.TASK_CREATED,
                data=_created_data(new),
            )
            for new, task in zip(new_tasks, tasks, strict=True)
        ]
    )
    _SUBMISSIONS.run(
        [
            Submission(
                owner=task.owner, task=task, key=new.key, body_hash=new.body_hash
            )
            for new, task in zip(new_tasks, tasks, strict=True)
            if new.key
        ]
    )
    for task in tasks:
        publish(task)
    return tasks


def _fill_row(new: NewTask, version: AgentVersion, rank: int) -> AgentTask:
    task = _NEW_TASK.fill(
        owner_id=new.owner.pk,
        agent_id=new.agent.pk,
        agent_version_id=version.pk,
        input_text=new.input_text,
        priority=new.priority,
        rank=rank,
        run_after=new.run_after,
        is_due=new.is_due,
        follows_id=new.follows and new.follows.pk,
        parent_id=new.parent and new.parent.pk,
        depth=new.parent.depth + 1 if new.parent else 0,
        root_id=new.root_id,
        request_id=new.request_id,
    )
    # The objects are at hand: set them, so that the caller need not query them.
    task.owner, task.agent, task.agent_version = new.owner, new.agent, version
    return task


def _created_data(new: NewTask) -> dict[str, Any]:
    return {"traceparent": new.traceparent} if new.traceparent else {}


def _update_counts(new_tasks: Iterable[NewTask], stored: "_StoredBytes") -> None:
    """Add the tasks to the counts of their agents, and their bytes to those of owners.

    Runs last, so that these rows are locked briefly, and in the order of their ids. The
    update also settles the race with a request that deletes the agent.
    """
    counts = sorted(Counter([new.agent.pk for new in new_tasks]).items())
    with prepared_cursor() as cursor:
        for agent_id, count in counts:
            cursor.execute(
                f"UPDATE {_AGENTS} SET tasks_count = tasks_count + %s"  # noqa: S608
                " WHERE id = %s AND deleted_at IS NULL",
                [count, agent_id],
            )
            if not cursor.rowcount:
                raise NotFoundError
        stored.add(cursor, new_tasks)


class _QueueState(NamedTuple):
    """The queue before the batch, for one owner, agent and priority.

    `pending` (of the owner) and `pending_of_agent` (of the owner with this agent) are
    counted up to their limits.
    """

    owner_id: int
    priority: int
    pending: int
    pending_of_agent: int
    rank: int
    stored: int
    stored_limit: int
    version: AgentVersion

    @property
    def agent_id(self) -> int:
        return self.version.agent_id


def _read_queue_states(new_tasks: Iterable[NewTask]) -> list[_QueueState]:
    """One query, however many users have tasks in the batch."""
    keys = sorted(
        {
            (new.owner.pk, new.agent.pk, new.agent.version, new.priority)
            for new in new_tasks
        }
    )
    with prepared_cursor() as cursor:
        cursor.execute(
            _QUEUE_STATES.format(keys=", ".join(map(placeholders, keys))),
            [
                *(value for key in keys for value in key),
                settings.MAX_PENDING_PER_USER,
                settings.MAX_PENDING_PER_AGENT,
            ],
        )
        rows = cursor.fetchall()
    if len(rows) < len(keys):
        raise NotFoundError
    return [_queue_state(*row) for row in rows]


def _queue_state(*row: Any) -> _QueueState:
    *queue, stored, own_limit = row[:_COUNTS]
    version = AgentVersion.from_db(connection.alias, _VERSION_COLUMNS, row[_COUNTS:])
    limit = storage.default_limit() if own_limit is None else own_limit
    return _QueueState._make([*queue, stored or 0, limit, version])


class _Ranks:
    """Assigns consecutive places in the queue, for each owner and priority."""

    def __init__(self, states: Iterable[_QueueState]) -> None:
        self._next = {(state.owner_id, state.priority): state.rank for state in states}

    def next_for(self, new: NewTask) -> int:
        key = (new.owner.pk, new.priority)
        rank = self._next[key]
        self._next[key] = rank + 1
        return rank


class _StoredBytes:
    """The bytes stored for each owner: before the batch, and in it."""

    def __init__(self, states: Iterable[_QueueState]) -> None:
        self._used = {state.owner_id: state.stored for state in states}
        self._limits = {state.owner_id: state.stored_limit for state in states}

    def check(self, new: NewTask) -> QuotaExceededError | None:
        """Count a task's bytes, or return the error if they do not fit."""
        owner_id = new.owner.pk
        used, limit = self._used[owner_id], self._limits[owner_id]
        if limit and used + new.size > limit:
            return QuotaExceededError(STORED_BYTES, used=used, limit=limit)
        self._used[owner_id] = used + new.size
        return None

    def add(self, cursor: Any, accepted: Iterable[NewTask]) -> None:
        """Store the counts of the accepted tasks."""
        sizes: dict[int, int] = {}
        for new in accepted:
            sizes[new.owner.pk] = sizes.get(new.owner.pk, 0) + new.size
        for owner_id, size in sorted(sizes.items()):
            add_within(cursor, owner_id, size, self._limits[owner_id])


def _pending_counter(states: Iterable[_QueueState]) -> LimitCounter:
    """Pending tasks, per user and per user and agent."""
    counts: dict[Hashable, int] = {}
    for state in states:
        counts[state.owner_id] = state.pending
        counts[state.owner_id, state.agent_id] = state.pending_of_agent
    return LimitCounter(counts)


def _check_limits(pending: LimitCounter, new: NewTask) -> QueueFullError | None:
    """Count a task as pending, or return the error if a limit is reached."""
    owner_id, agent_id = new.owner.pk, new.agent.pk
    limit = pending.try_add(
        [
            (owner_id, settings.MAX_PENDING_PER_USER),
            ((owner_id, agent_id), settings.MAX_PENDING_PER_AGENT),
        ]
    )
    if limit is None:
        return None
    detail = f"{limit} of your tasks are pending. Try again when some have finished."
    return QueueFullError(detail, retry_after=RETRY_AFTER_SECONDS)
