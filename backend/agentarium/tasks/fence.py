"""The fence: an attempt writes to a task only while it holds it.

A running task is held by its last attempt. Everything that takes a task from a worker
(a cancel, a timeout, recovery, an operator) changes the task's status or its attempt,
and from then on the attempt can write nothing. Only this module defines what "holds"
means, for querysets and for SQL.
"""

from collections.abc import Iterable
from typing import NamedTuple, Self

from django.db import connection
from django.db.models import Q

from agentarium.db.bulk_insert import in_clause
from agentarium.db.prepared_statements import prepared_cursor
from agentarium.tasks.models import AgentTask

_TABLE = AgentTask._meta.db_table
# The condition on a held task's row, next to the number of the attempt.
_HELD = {"status": AgentTask.Status.RUNNING}
_IS_HELD = " AND ".join(f"{name} = '{value.value}'" for name, value in _HELD.items())
# The fence as an SQL condition; its parameters are the fields of an `AttemptKey`.
HOLDS = f"id = %s AND attempt = %s AND {_IS_HELD}"
_SELECT = f"SELECT id, attempt FROM {_TABLE}"  # noqa: S608 - our table


class AttemptKey(NamedTuple):
    """One attempt at one task: the token that the fence checks."""

    task_id: int
    attempt: int

    @classmethod
    def of(cls, task: AgentTask) -> Self:
        return cls(task.pk, task.attempt)


def holds(key: AttemptKey) -> Q:
    """The fence as a condition of a queryset of tasks."""
    return Q(pk=key.task_id, attempt=key.attempt, **_HELD)


def was_cancelled(key: AttemptKey) -> Q:
    """A cancel took the task from this attempt, and no other attempt has started since.

    Only then may a worker write to a task that it does not hold: once, to add its late
    usage.
    """
    status = AgentTask.Status.CANCELLED
    return Q(pk=key.task_id, attempt=key.attempt, status=status)


def still_held(keys: Iterable[AttemptKey], *, lock: bool = False) -> set[AttemptKey]:
    """Those of the attempts that still hold their tasks.

    With `lock`, they keep their tasks until the caller's transaction ends. Hand-written
    SQL, because workers run it many times a second.
    """
    keys = set(keys)
    if not keys:
        return set()
    these, ids = in_clause({key.task_id for key in keys})
    # The order in which every transaction locks tasks.
    tail = " ORDER BY id" if lock else ""
    if lock and connection.features.has_select_for_update:
        tail += " FOR NO KEY UPDATE"
    with prepared_cursor() as cursor:
        cursor.execute(f"{_SELECT} WHERE id {these} AND {_IS_HELD}{tail}", ids)
        found = set(cursor.fetchall())
    return {key for key in keys if key in found}
