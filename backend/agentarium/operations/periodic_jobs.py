"""The periodic jobs that delete old logs and idempotency keys."""

from datetime import timedelta

from agentarium.core.job_registry import (
    JobDefinition,
    register_job,
    until_nothing_is_left,
)
from agentarium.operations.retention import delete_old_logs, forget_submissions

HOUR = timedelta(hours=1)


def register() -> None:
    register_job("delete_old_logs", JobDefinition(delete_old_logs, HOUR))
    forget = until_nothing_is_left(forget_submissions)
    register_job("forget_submissions", JobDefinition(forget, HOUR))
