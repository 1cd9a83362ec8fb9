"""The periodic job that adds ended tasks to the statistics."""

from datetime import timedelta

from agentarium.core.job_registry import JobDefinition, register_job
from agentarium.tasks import counters


def register() -> None:
    count = JobDefinition(
        counters.count_ended_tasks, timedelta(seconds=5), max_chunks=10
    )
    register_job(counters.COUNT_JOB, count)
