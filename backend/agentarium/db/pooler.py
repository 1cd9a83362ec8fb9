"""Which connection pooler stands between this process and PostgreSQL, if any.

A pooler that shares the server's connections between transactions gives each transaction
another session. What we set for a session is lost, or found by other clients, and a
prepared statement exists in some sessions only, unless the pooler keeps track.
`db/backends/postgresql/pooler_probe.py` finds it out when a process first connects.
"""

from enum import Enum

import structlog

log = structlog.get_logger(__name__)

ADVICE = (
    "Add ?prepare_threshold=never to DATABASE_URL, or use PgBouncer 1.21 or newer with "
    "max_prepared_statements."
)


class Pooler(Enum):
    """How a session of ours relates to one of PostgreSQL's."""

    # No pooler, or one that keeps a session of PostgreSQL for each of ours.
    NONE = "none"
    # Another session for each transaction, with the prepared statements of ours.
    SHARING = "sharing"
    # Another session for each transaction, whatever we prepared.
    FORGETFUL = "forgetful"

    @property
    def shares_sessions(self) -> bool:
        return self is not Pooler.NONE

    @property
    def keeps_statements(self) -> bool:
        return self is not Pooler.FORGETFUL


_found: Pooler | None = None


def pooler() -> Pooler | None:
    """What was found; None before the first connection."""
    return _found


def record_pooler(found: Pooler, *, prepares: bool = True) -> None:
    """Record and log it. `prepares` is whether the settings want prepared statements."""
    global _found  # noqa: PLW0603 - one database for the process
    if found is _found:
        return
    _found = found
    if found is Pooler.FORGETFUL and prepares:
        log.warning("database.pooler_forgets_statements", advice=ADVICE)
    elif found.shares_sessions:
        log.info("database.pooler_shares_sessions")
