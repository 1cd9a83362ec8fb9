"""The periodic jobs of accounts: deletion of expired tokens and sessions."""

from datetime import timedelta

from agentarium.accounts.retention import (
    delete_expired_sessions,
    delete_expired_tokens,
)
from agentarium.core.job_registry import (
    JobDefinition,
    register_job,
    until_nothing_is_left,
)

EVERY = timedelta(hours=6)


def register() -> None:
    tokens = until_nothing_is_left(delete_expired_tokens)
    register_job("delete_expired_tokens", JobDefinition(tokens, EVERY))
    sessions = until_nothing_is_left(delete_expired_sessions)
    register_job("delete_expired_sessions", JobDefinition(sessions, EVERY))
