"""How long a thread waits for each answer of PostgreSQL.

A connection can go silent: it stays open and carries nothing any more, because a proxy
or a backend behind it is frozen. The operating system notices only a peer whose own is
gone. So there is a limit on our side, for each exchange with the server: a statement, a
commit, a rollback or a fetch. `db/backends/postgresql/connection.py` applies it.

A thread without a limit waits forever, as migrations and management commands must. SQLite
has no server; its `timeout` bounds the wait for another process.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

NO_LIMIT = 0.0

_local = threading.local()


def answer_limit() -> float:
    """The limit of this thread in seconds, or `NO_LIMIT`."""
    limit: float = getattr(_local, "seconds", NO_LIMIT)
    return limit


def limit_answers(seconds: float) -> None:
    """Set the limit of this thread; for the initializer of a pool of threads."""
    _local.seconds = seconds


@contextmanager
def answers_within(seconds: float) -> Iterator[None]:
    """Set the limit of this thread until the end of the block."""
    before = answer_limit()
    limit_answers(seconds)
    try:
        yield
    finally:
        limit_answers(before)
