"""Notice that another server already uses the same SQLite file.

Both work: the database orders their writes, and leases decide who runs a task. But they
share no memory, so that each shows the other's live output late.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import IO

from django.db import connection

# Open for as long as this process serves: closing it would release the lock.
_locks: list[IO[str]] = []


def other_server(url: str) -> str:
    """What to say if another server uses the file; "" if this one is the first.

    From now on, this process at `url` is the one that others name.
    """
    if connection.vendor != "sqlite":
        return ""
    path = Path(f"{connection.settings_dict['NAME']}-server")
    # Some file systems have no locks: then nothing is noticed.
    with suppress(OSError):
        file = path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with file:
                return _warning(path.read_text())
        file.truncate(0)
        file.write(f"process {os.getpid()}, {url}")
        file.flush()
        _locks.append(file)
    return ""


def _warning(other: str) -> str:
    return (
        f"Another server ({other}) uses the same database file. Nothing is lost or done "
        "twice, but each server shows the other's live output seconds late, and counts "
        "rates by itself. Stop one of them, or use PostgreSQL and Redis."
    )
