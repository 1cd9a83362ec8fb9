"""Bounding task trees: the tasks that agents start, directly or indirectly, for one task."""

from collections.abc import Iterable

from django.conf import settings

from agentarium.core.exceptions import ConflictError
from agentarium.db.prepared_statements import prepared_cursor
from agentarium.tasks.models import AgentTask, TaskTree

_TABLE = TaskTree._meta.db_table
# Adds a task, unless the tree is full. The first child makes it a tree of two tasks.
_ADD = (
    f"INSERT INTO {_TABLE} (root_id, size) VALUES (%s, 2)"  # noqa: S608 - our table
    f" ON CONFLICT (root_id) DO UPDATE SET size = {_TABLE}.size + 1"
    f" WHERE {_TABLE}.size < %s"
)
_UNLIMITED = 2**31 - 1


class TreeFullError(ConflictError):
    """The task and its agents have started as many tasks as one task may."""

    code = "tree_full"


def root_of(task: AgentTask) -> int:
    """The id of the first task of a task's tree."""
    while task.root_id is None and task.parent_id is not None:
        # It was submitted by a version without `root`.
        task = AgentTask.objects.only("id", "root_id", "parent_id").get(
            pk=task.parent_id
        )
    return task.root_id or task.pk


def add_to_tree(root_id: int) -> None:
    """Count one more task in a tree, in the caller's transaction.

    One conditional statement, whose row lock makes concurrent children wait for each
    other. Raises `TreeFullError`.
    """
    limit = settings.MAX_TASKS_PER_TREE or _UNLIMITED
    with prepared_cursor() as cursor:
        if limit > 1:
            cursor.execute(_ADD, [root_id, limit])
        if limit < 2 or not cursor.rowcount:
            raise TreeFullError(
                f"This task has started as many other tasks as it may: {limit} in all,"
                " with itself. Answer without calling another agent."
            )


def forget_trees(root_ids: Iterable[int]) -> None:
    """Count from the beginning, because a person has retried the roots."""
    TaskTree.objects.filter(root__in=list(root_ids)).delete()
