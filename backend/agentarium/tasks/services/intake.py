"""Taking tasks in: those of many requests, in one transaction.

This is written by hand where the ORM would do, because each request pays for it.
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
from django.utils import timezone

from agentarium.accounts.models import User
from agentarium.agents.models import Agent, AgentVersion
from agentarium.core.exceptions import NotFoundError, TooManyRequestsError
from agentarium.db.bulk_insert import BulkInsert, RowTemplate, placeholders
from agentarium.db.prepared_statements import prepared_cursor
from agentarium.observability.metrics import TASKS_SUBMITTED
from agentarium.observability.tracing import current_traceparent
from agentarium.tasks.event_types import EventType
from agentarium.tasks.limits import Room
from agentarium.tasks.models import AgentTask, Event, Submission
from agentarium.tasks.publishing import publish
from agentarium.tasks.services.queue import NEXT_RANK
from agentarium.tasks.wake_ups import wake_workers

# What a full queue asks a client to wait, in seconds.
RETRY_AFTER = 30

_AGENTS = Agent._meta.db_table
_AGENT_VERSIONS = AgentVersion._meta.db_table
_TABLE = AgentTask._meta.db_table
# What an answer shows of a version, in the order of its columns; the rest is read where
# it is needed.
_VERSION = ("id", "model", "agent_id", "number")
# All that has to be known of an owner, an agent, its version and a priority.
_PENDING = (
    f"(SELECT COUNT(*) FROM (SELECT 1 FROM {_TABLE}"  # noqa: S608 - our table
    " WHERE status = 'pending' AND owner_id = asked.owner_id{and_agent}"
    " LIMIT %s) AS pending)"
)
_LOOK = f"""
WITH asked (owner_id, agent_id, number, priority) AS (VALUES {{asked}})
SELECT
    asked.owner_id,
    asked.priority,
    {_PENDING.format(and_agent="")},
    {_PENDING.format(and_agent=" AND agent_id = asked.agent_id")},
    {NEXT_RANK.format(owner_id="asked.owner_id", priority="asked.priority")},
    {", ".join(f"version.{name}" for name in _VERSION)}
FROM asked
JOIN {_AGENT_VERSIONS} AS version USING (agent_id, number)"""  # noqa: S608
# The database says when, by its own clock.
_NEW_TASK, _NEW_EVENT = RowTemplate(AgentTask), RowTemplate(Event)
_TASKS = BulkInsert(
    AgentTask, without=["id", "created_at"], returning=["id", "created_at"]
)
_EVENTS = BulkInsert(Event, without=["created_at"])
_SUBMISSIONS = BulkInsert(Submission, without=["id", "created_at"])


class QueueFullError(TooManyRequestsError):
    """Too many of your tasks are pending; try again when some are done."""

    code = "queue_full"


def _request_id() -> str:
    request_id: str = structlog.contextvars.get_contextvars().get("request_id", "")
    return request_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """A task to be accepted. With a `key`, an `Idempotency-Key`, it is remembered."""

    agent: Agent
    owner: User
    input_text: str
    priority: int = 0
    run_after: datetime | None = None
    follows: AgentTask | None = None
    parent: AgentTask | None = None
    key: str = ""
    request_id: str = field(default_factory=_request_id)
    traceparent: str = field(default_factory=current_traceparent)

    @property
    def is_due(self) -> bool:
        return self.run_after is None or self.run_after <= timezone.now()

    @property
    def body_hash(self) -> str:
        """The same for each request that asks for the same."""
        body = [
            self.agent.pk,
            self.input_text,
            self.priority,
            self.run_after,
            self.follows and self.follows.pk,
        ]
        return hashlib.sha256(orjson.dumps(body)).hexdigest()


Outcome = AgentTask | QueueFullError


def insert_tasks(new_tasks: Sequence[NewTask]) -> list[Outcome]:
    """Record tasks with their first events, and wake workers after the commit.

    The caller has begun a transaction. One that there is no room for has its error
    as its outcome. Raises `NotFoundError` if an agent was deleted in the meantime.
    """
    seen = _look(new_tasks)
    room = _room(seen)
    errors = [_take(room, new) for new in new_tasks]
    accepted = [
        new for new, error in zip(new_tasks, errors, strict=True) if error is None
    ]
    tasks = _create(accepted, seen)
    made = iter(tasks)
    if tasks:
        transaction.on_commit(lambda: TASKS_SUBMITTED.inc(len(tasks)))
        transaction.on_commit(wake_workers)
    return [error or next(made) for error in errors]


def _create(new_tasks: Sequence[NewTask], seen: Sequence["_Seen"]) -> list[AgentTask]:
    ranks = _Ranks(seen)
    versions = {(each.agent_id, each.version.number): each.version for each in seen}
    tasks = [
        _task(new, versions[new.agent.pk, new.agent.version], ranks.take(new))
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
                data=_origin(new),
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
    _count(new_tasks)
    for task in tasks:
        publish(task)
    return tasks


def _task(new: NewTask, version: AgentVersion, rank: int) -> AgentTask:
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
        request_id=new.request_id,
    )
    # Whoever gets it goes on to them.
    task.owner, task.agent, task.agent_version = new.owner, new.agent, version
    return task


def _origin(new: NewTask) -> dict[str, Any]:
    return {"traceparent": new.traceparent} if new.traceparent else {}


def _count(new_tasks: Iterable[NewTask]) -> None:
    """Count the tasks of their agents.

    Last, so that the agents' rows are locked for as short as can be, and always in one
    order; and it decides between us and whoever deletes an agent at the same time.
    """
    counts = sorted(Counter(new.agent.pk for new in new_tasks).items())
    with prepared_cursor() as cursor:
        for agent_id, count in counts:
            cursor.execute(
                f"UPDATE {_AGENTS} SET tasks_count = tasks_count + %s"  # noqa: S608
                " WHERE id = %s AND deleted_at IS NULL",
                [count, agent_id],
            )
            if not cursor.rowcount:
                raise NotFoundError


class _Seen(NamedTuple):
    """What there is for an owner, an agent and a priority, before the batch.

    The numbers of pending tasks, of the owner and of the owner with the agent, are
    known up to the limits.
    """

    owner_id: int
    priority: int
    pending: int
    pending_of_agent: int
    rank: int
    version: AgentVersion

    @property
    def agent_id(self) -> int:
        return self.version.agent_id


def _look(new_tasks: Iterable[NewTask]) -> list[_Seen]:
    """One statement, for however many users a batch has come from."""
    asked = sorted(
        {
            (each.owner.pk, each.agent.pk, each.agent.version, each.priority)
            for each in new_tasks
        }
    )
    with prepared_cursor() as cursor:
        cursor.execute(
            _LOOK.format(asked=", ".join(map(placeholders, asked))),
            [
                *(part for each in asked for part in each),
                settings.MAX_PENDING_PER_USER,
                settings.MAX_PENDING_PER_AGENT,
            ],
        )
        rows = cursor.fetchall()
    if len(rows) < len(asked):
        raise NotFoundError
    return [_seen(*row) for row in rows]


def _seen(
    owner_id: int, priority: int, pending: int, of_agent: int, rank: int, *version: Any
) -> _Seen:
    found = AgentVersion.from_db(connection.alias, _VERSION, version)
    return _Seen(owner_id, priority, pending, of_agent, rank, found)


class _Ranks:
    """Places in the queue: one after the other for each owner and priority."""

    def __init__(self, seen: Iterable[_Seen]) -> None:
        self._next = {(each.owner_id, each.priority): each.rank for each in seen}

    def take(self, new: NewTask) -> int:
        key = (new.owner.pk, new.priority)
        rank = self._next[key]
        self._next[key] = rank + 1
        return rank


def _room(seen: Iterable[_Seen]) -> Room:
    """For pending tasks: of a user, and of a user with one agent."""
    taken: dict[Hashable, int] = {}
    for each in seen:
        taken[each.owner_id] = each.pending
        taken[each.owner_id, each.agent_id] = each.pending_of_agent
    return Room(taken)


def _take(room: Room, new: NewTask) -> QueueFullError | None:
    """Take the room for a task, or say that there is none."""
    owner_id, agent_id = new.owner.pk, new.agent.pk
    limit = room.take(
        [
            (owner_id, settings.MAX_PENDING_PER_USER),
            ((owner_id, agent_id), settings.MAX_PENDING_PER_AGENT),
        ]
    )
    if limit is None:
        return None
    detail = f"{limit} of your tasks are pending; try again when some are done."
    return QueueFullError(detail, retry_after=RETRY_AFTER)
