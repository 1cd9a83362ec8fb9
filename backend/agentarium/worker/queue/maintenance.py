"""What every worker does for the whole queue, every few seconds."""

from collections.abc import Callable

from agentarium.operations.job_runner import run_due_jobs
from agentarium.tasks.services import (
    answer_from_children,
    expire_calls,
    queue_due_tasks,
)
from agentarium.worker.queue.recovery import recover_tasks


def run_maintenance(*, leases_are_trustworthy: Callable[[], bool]) -> bool:
    """Recover orphans, enqueue due tasks, expire and answer calls, run periodic jobs.

    Safe to run in many processes concurrently. Returns whether there may be a task to
    claim. `leases_are_trustworthy` is for `recover_tasks`.
    """
    changed = [
        len(recover_tasks(leases_are_trustworthy=leases_are_trustworthy)),
        queue_due_tasks(),
        expire_calls(),
        answer_from_children(),
    ]
    run_due_jobs()
    return any(changed)
