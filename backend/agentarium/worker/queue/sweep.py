"""What has to be looked after now and then, by whichever worker comes first."""

from collections.abc import Callable

from agentarium.operations.job_runner import do_chores
from agentarium.tasks.services import (
    answer_from_children,
    expire_calls,
    queue_due_tasks,
)
from agentarium.worker.queue.claims import recover_tasks


def sweep(*, is_steady: Callable[[], bool]) -> bool:
    """Take back what dead workers left, and go on with what waited long enough.

    `is_steady` is for `recover_tasks`. Safe to do in many processes at once. Returns
    whether there is something to claim.
    """
    changed = [
        len(recover_tasks(is_steady=is_steady)),
        queue_due_tasks(),
        expire_calls(),
        answer_from_children(),
    ]
    do_chores()
    return any(changed)
