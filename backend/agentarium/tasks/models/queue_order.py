"""The order of the queue, defined once for querysets and for SQL.

The index `task_pending` has the same condition and order: a claim reads its beginning.
"""

from typing import Any

# The row of a task that a worker may take.
IN_QUEUE: dict[str, Any] = {"status": "pending", "is_due": True}
# The order in which workers take them; `-` means descending.
QUEUE_ORDER = ("-priority", "rank", "id")

# Of one table, or of a query in which these columns have one meaning.
IN_QUEUE_SQL = f"status = '{IN_QUEUE['status']}' AND is_due"
QUEUE_ORDER_SQL = ", ".join(
    f"{name[1:]} DESC" if name.startswith("-") else name for name in QUEUE_ORDER
)
# The condition of a row to be taken before a task, with the values of `ahead_values`.
# The first part lets SQLite seek in the index.
IS_AHEAD_SQL = "priority >= %s AND (priority > %s OR (rank, id) < (%s, %s))"


def ahead_values(task: Any) -> list[int]:
    """The values of `IS_AHEAD_SQL` for a task of the queue."""
    return [task.priority, task.priority, task.rank, task.pk]
