"""What every worker does for the whole queue, every few seconds."""

from collections.abc import Callable
from functools import partial

from agentarium.db.threads import CONNECTION_ERRORS
from agentarium.db.wal import truncate_wal
from agentarium.observability.background import record_failure
from agentarium.operations.job_runner import run_due_jobs
from agentarium.tasks.services import (
    answer_from_children,
    expire_calls,
    queue_due_tasks,
)
from agentarium.worker.queue.recovery import recover_tasks


def run_maintenance(*, leases_are_trustworthy: Callable[[], bool]) -> bool:
    """Recover orphans, enqueue due tasks, expire and answer calls, run periodic jobs.

    Also keeps SQLite's log small. Safe to run in many processes concurrently. Returns whether there may be a task to
    claim. `leases_are_trustworthy` is for `recover_tasks`. A step that fails does not keep
    the others from running; an unavailable database does, and is raised.
    """
    steps: dict[str, Callable[[], object]] = {
        "recovery": partial(
            recover_tasks, leases_are_trustworthy=leases_are_trustworthy
        ),
        "due tasks": queue_due_tasks,
        "expired calls": expire_calls,
        "answers of children": answer_from_children,
        "periodic jobs": run_due_jobs,
        "write-ahead log": _truncate_wal,
    }
    changed = [_run_step(name, step) for name, step in steps.items()]
    return any(changed)


def _truncate_wal() -> None:
    """It says nothing about tasks to claim."""
    truncate_wal()


def _run_step(name: str, step: Callable[[], object]) -> object:
    try:
        return step()
    except CONNECTION_ERRORS:
        raise
    except Exception as error:  # noqa: BLE001 - the next round tries again
        record_failure(name, error)
        return None
