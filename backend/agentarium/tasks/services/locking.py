"""Locks the rows of tasks and of those that they called, by ascending id.

Every transaction that locks several tasks does so in this order, and so does not wait for
one that waits for it.
"""

from collections.abc import Collection

from django.db import connection

from agentarium.tasks.models import LIVE, AgentTask


def lock_families(task_ids: Collection[int], *, others: Collection[int] = ()) -> None:
    """Lock these tasks with their live descendants, and `others`.

    Call it before anything that ends the tasks and then cancels their descendants: those
    are younger, but not than every other task of the transaction. Does nothing if they
    have no descendants: then the caller's own locks are in order.

    A child that a descendant submits at this moment is not among them. The caller finds
    and locks it afterwards; that may be a deadlock, which ends one of the two
    transactions and is repeated.
    """
    if not (connection.features.has_select_for_update and task_ids):
        return
    descendants = _live_descendants(task_ids)
    if descendants:
        family = AgentTask.objects.filter(pk__in={*task_ids, *others, *descendants})
        locked = family.order_by("id").select_for_update(no_key=True)
        # Evaluated, which takes the locks.
        list(locked.values_list("pk", flat=True))


def _live_descendants(task_ids: Collection[int]) -> set[int]:
    found: set[int] = set()
    parents: Collection[int] = task_ids
    while parents:
        children = AgentTask.objects.filter(parent__in=parents, status__in=LIVE)
        parents = set(children.order_by().values_list("pk", flat=True)) - found
        found |= parents
    return found
