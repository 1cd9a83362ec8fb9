"""How long a statement of a request may wait for a lock, and how long it may take.

Requests share few threads: while a table is locked, they would soon all wait. Workers,
migrations and commands have no such limits: nothing waits for them, and they must not
give up.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

# (of a lock, of a statement), in milliseconds; 0 is no limit.
Limits = tuple[int, int]
UNLIMITED: Limits = (0, 0)

_local = threading.local()


@contextmanager
def limited_statements() -> Iterator[None]:
    """Limit the statements of this thread until the end of the block."""
    _local.is_request = True
    try:
        yield
    finally:
        _local.is_request = False


def limits_of_thread() -> Limits:
    if not getattr(_local, "is_request", False):
        return UNLIMITED
    seconds = (settings.REQUEST_LOCK_SECONDS, settings.REQUEST_STATEMENT_SECONDS)
    lock, statement = (round(each * 1000) for each in seconds)
    return lock, statement
