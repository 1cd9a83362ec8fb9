"""What users, clients, schedules and workers do with tasks."""

from agentarium.tasks.services.cancel import (
    cancel_children,
    cancel_task,
    cancel_tasks,
    delete_agent,
    force_fail_task,
)
from agentarium.tasks.services.decisions import (
    answer_call,
    answer_from_children,
    approve_call,
    expire_calls,
    reject_call,
    resolve_call,
)
from agentarium.tasks.services.ending import (
    append_event,
    close_calls,
    end_outside_attempt,
    record_decisions,
)
from agentarium.tasks.services.intake import NewTask
from agentarium.tasks.services.interrupted_calls import (
    INTERRUPTED_COLUMNS,
    take_from_workers,
)
from agentarium.tasks.services.locking import lock_families
from agentarium.tasks.services.operators import fail_tasks, requeue_tasks
from agentarium.tasks.services.queue import (
    next_rank,
    queue_due_tasks,
    return_to_queue,
)
from agentarium.tasks.services.retry import retry_task, retry_tasks
from agentarium.tasks.services.submit import (
    submit_child,
    submit_once,
    submit_task,
)
from agentarium.tasks.services.usage import TOTALS, add_usage, totals, usage_data

__all__ = [
    "INTERRUPTED_COLUMNS",
    "TOTALS",
    "NewTask",
    "add_usage",
    "answer_call",
    "answer_from_children",
    "append_event",
    "approve_call",
    "cancel_children",
    "cancel_task",
    "cancel_tasks",
    "close_calls",
    "delete_agent",
    "end_outside_attempt",
    "expire_calls",
    "fail_tasks",
    "force_fail_task",
    "lock_families",
    "next_rank",
    "queue_due_tasks",
    "record_decisions",
    "reject_call",
    "requeue_tasks",
    "resolve_call",
    "retry_task",
    "retry_tasks",
    "return_to_queue",
    "submit_child",
    "submit_once",
    "submit_task",
    "take_from_workers",
    "totals",
    "usage_data",
]
