"""The order of the queue, defined once for querysets and for SQL.

The index `task_pending` has the same condition and order: a claim reads its beginning.
"""

from typing import Any

# The condition on a task that a worker may claim.
IN_QUEUE: dict[str, Any] = {"status": "pending", "is_due": True}
# The order in which workers claim tasks; `-` means descending.
QUEUE_ORDER = ("-priority", "rank", "id")

# Column names are not qualified: use it where they are unambiguous.
IN_QUEUE_SQL = f"status = '{IN_QUEUE['status']}' AND is_due"
QUEUE_ORDER_SQL = ", ".join(
    f"{name[1:]} DESC" if name.startswith("-") else name for name in QUEUE_ORDER
)
# The condition on rows that are ahead of a task; its parameters are `ahead_values`.
# The redundant first part lets SQLite seek in the index.
IS_AHEAD_SQL = "priority >= %s AND (priority > %s OR (rank, id) < (%s, %s))"


def ahead_values(task: Any) -> list[int]:
    """The parameters of `IS_AHEAD_SQL` for a task in the queue."""
    return [task.priority, task.priority, task.rank, task.pk]
