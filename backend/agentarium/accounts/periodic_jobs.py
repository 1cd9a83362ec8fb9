"""The periodic jobs of accounts."""

from datetime import timedelta

from agentarium.accounts.retention import (
    forget_expired_sessions,
    forget_expired_tokens,
)
from agentarium.core.job_registry import (
    JobDefinition,
    register_job,
    until_nothing_is_left,
)

EVERY = timedelta(hours=6)


def register() -> None:
    tokens = until_nothing_is_left(forget_expired_tokens)
    register_job("forget_expired_tokens", JobDefinition(tokens, EVERY))
    sessions = until_nothing_is_left(forget_expired_sessions)
    register_job("forget_expired_sessions", JobDefinition(sessions, EVERY))
