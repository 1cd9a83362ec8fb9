"""What has to be looked after now and then, by whichever worker comes first."""

from collections.abc import Callable

from agentarium.operations.job_runner import run_due_jobs
from agentarium.tasks.services import (
    answer_from_children,
    expire_calls,
    queue_due_tasks,
)
from agentarium.worker.queue.claims import recover_tasks


def sweep(*, leases_are_trustworthy: Callable[[], bool]) -> bool:
    """Take back what dead workers left, and go on with what waited long enough.

    `leases_are_trustworthy` is for `recover_tasks`. Safe to do in many processes at once. Returns
    whether there is something to claim.
    """
    changed = [
        len(recover_tasks(leases_are_trustworthy=leases_are_trustworthy)),
        queue_due_tasks(),
        expire_calls(),
        answer_from_children(),
    ]
    run_due_jobs()
    return any(changed)
