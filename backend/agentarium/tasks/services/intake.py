"""Taking tasks in: those of many requests, in one transaction.

This is written by hand where the ORM would do, because each request pays for it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from agentarium.accounts.models import User
from agentarium.agents.models import Agent, AgentVersion
from agentarium.core.cursors import prepared_cursor
from agentarium.core.exceptions import NotFoundError, TooManyRequestsError
from agentarium.core.metrics import TASKS_SUBMITTED
from agentarium.core.rows import Blank, Insert, places
from agentarium.tasks.announce import announce
from agentarium.tasks.event_types import EventType
from agentarium.tasks.models import AgentTask, Event, Submission
from agentarium.tasks.services.queue import NEXT_RANK
from agentarium.tasks.wake import wake_workers

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
_NEW_TASK, _NEW_EVENT = Blank(AgentTask), Blank(Event)
_TASKS = Insert(AgentTask, without=["id", "created_at"], returning=["id", "created_at"])
_EVENTS = Insert(Event, without=["created_at"])
_SUBMISSIONS = Insert(Submission, without=["id", "created_at"])


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

    @property
    def is_due(self) -> bool:
        return self.run_after is None or self.run_after <= timezone.now()


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A task that somebody wants done. With a `key`, it is remembered under it."""

    agent: Agent
    owner: User
    input_text: str
    wishes: Wishes = field(default_factory=Wishes)
    request_id: str = ""
    traceparent: str = ""
    key: str = ""
    body_hash: str = ""


Outcome = AgentTask | QueueFullError


def take_in(orders: Sequence[Order]) -> list[Outcome]:
    """Record tasks with their first events, and wake workers after the commit.

    The caller has begun a transaction. An order that there is no room for has its error
    as its outcome. Raises `NotFoundError` if an agent was deleted in the meantime.
    """
    seen = _look(orders)
    room = _Room(seen)
    errors = [room.take(order) for order in orders]
    accepted = [
        order for order, error in zip(orders, errors, strict=True) if error is None
    ]
    tasks = _create(accepted, seen)
    made = iter(tasks)
    if tasks:
        transaction.on_commit(lambda: TASKS_SUBMITTED.inc(len(tasks)))
        transaction.on_commit(wake_workers)
    return [error or next(made) for error in errors]


def _create(orders: Sequence[Order], seen: Sequence["_Seen"]) -> list[AgentTask]:
    ranks = _Ranks(seen)
    versions = {(each.agent_id, each.version.number): each.version for each in seen}
    tasks = [
        _task(order, versions[order.agent.pk, order.agent.version], ranks.take(order))
        for order in orders
    ]
    _TASKS.run(tasks)
    _EVENTS.run(
        [
            _NEW_EVENT.fill(
                task_id=task.pk,
                attempt=0,
                seq=1,
                type=EventType.TASK_CREATED,
                data=_origin(order),
            )
            for order, task in zip(orders, tasks, strict=True)
        ]
    )
    _SUBMISSIONS.run(
        [
            Submission(
                owner=task.owner, task=task, key=order.key, body_hash=order.body_hash
            )
            for order, task in zip(orders, tasks, strict=True)
            if order.key
        ]
    )
    _count(orders)
    for task in tasks:
        announce(task)
    return tasks


def _task(order: Order, version: AgentVersion, rank: int) -> AgentTask:
    wishes = order.wishes
    task = _NEW_TASK.fill(
        owner_id=order.owner.pk,
        agent_id=order.agent.pk,
        agent_version_id=version.pk,
        input_text=order.input_text,
        priority=wishes.priority,
        rank=rank,
        run_after=wishes.run_after,
        is_due=wishes.is_due,
        follows_id=wishes.follows and wishes.follows.pk,
        parent_id=wishes.parent and wishes.parent.pk,
        depth=wishes.parent.depth + 1 if wishes.parent else 0,
        request_id=order.request_id,
    )
    # Whoever gets it goes on to them.
    task.owner, task.agent, task.agent_version = order.owner, order.agent, version
    return task


def _origin(order: Order) -> dict[str, Any]:
    return {"traceparent": order.traceparent} if order.traceparent else {}


def _count(orders: Iterable[Order]) -> None:
    """Count the tasks of their agents.

    Last, so that the agents' rows are locked for as short as can be, and always in one
    order; and it decides between us and whoever deletes an agent at the same time.
    """
    counts = sorted(Counter(order.agent.pk for order in orders).items())
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


def _look(orders: Iterable[Order]) -> list[_Seen]:
    """One statement, for however many users a batch has come from."""
    asked = sorted(
        {
            (each.owner.pk, each.agent.pk, each.agent.version, each.wishes.priority)
            for each in orders
        }
    )
    with prepared_cursor() as cursor:
        cursor.execute(
            _LOOK.format(asked=", ".join(map(places, asked))),
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

    def take(self, order: Order) -> int:
        key = (order.owner.pk, order.wishes.priority)
        rank = self._next[key]
        self._next[key] = rank + 1
        return rank


class _Room:
    """How many more tasks may be pending: of a user, and of a user with one agent.

    A limit of 0 is none.
    """

    def __init__(self, seen: Iterable[_Seen]) -> None:
        self._limits = (settings.MAX_PENDING_PER_USER, settings.MAX_PENDING_PER_AGENT)
        self._taken: dict[tuple[int, int], int] = {}
        for each in seen:
            self._taken[each.owner_id, 0] = each.pending
            self._taken[each.owner_id, each.agent_id] = each.pending_of_agent

    def take(self, order: Order) -> QueueFullError | None:
        """Take the room for one task, or say that there is none."""
        keys = ((order.owner.pk, 0), (order.owner.pk, order.agent.pk))
        for key, limit in zip(keys, self._limits, strict=True):
            if limit and self._taken[key] >= limit:
                detail = (
                    f"{limit} of your tasks are pending; try again when some are done."
                )
                return QueueFullError(detail, retry_after=RETRY_AFTER)
        for key in keys:
            self._taken[key] += 1
        return None
