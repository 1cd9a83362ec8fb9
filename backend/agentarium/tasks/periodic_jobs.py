"""The periodic jobs of tasks."""

from datetime import timedelta

from agentarium.core.job_registry import (
    PeriodicJob,
    register_job,
    until_nothing_is_left,
)
from agentarium.operations.retention import delete_old_logs, forget_submissions
from agentarium.tasks import counters as counting

HOUR = timedelta(hours=1)


def register() -> None:
    count = PeriodicJob(counting.count_ended_tasks, timedelta(seconds=5), max_chunks=10)
    register_job(counting.CHORE, count)
    register_job("delete_old_logs", PeriodicJob(delete_old_logs, HOUR))
    forget = until_nothing_is_left(forget_submissions)
    register_job("forget_submissions", PeriodicJob(forget, HOUR))
