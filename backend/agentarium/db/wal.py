"""Shrinking SQLite's write-ahead log.

The log grows for as long as a reader keeps an old snapshot open, and SQLite keeps the
file at that size afterwards. `journal_size_limit` cuts it when the log next begins from
scratch, which needs a moment without readers of it, and two more commits. On a server
that is busy, or that has fallen silent, this brings it about.
"""

from pathlib import Path
from typing import Any

import structlog
from django.db import connection

log = structlog.get_logger(__name__)

# Also `journal_size_limit`. SQLite's own checkpoints begin at 4 MB.
MAX_WAL_BYTES = 16 * 1024 * 1024
# How long writers may have to wait for readers to end, in milliseconds.
MAX_WAIT_MS = 100


def truncate_wal() -> bool:
    """Truncate a log that is too large; False if that is not possible now.

    Writers wait for `MAX_WAIT_MS` at most: nearly all is copied before, while they write.
    """
    if connection.vendor != "sqlite" or _wal_bytes() <= MAX_WAL_BYTES:
        return True
    before = _wal_bytes()
    if not _checkpoint("PASSIVE"):
        return False
    wrapper: Any = connection
    with wrapper.hold_write_lock(), connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        (usual,) = cursor.fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {MAX_WAIT_MS}")
        try:
            is_done = _checkpoint("TRUNCATE")
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {usual}")
    if is_done:
        log.info("database.log_truncated", bytes_before=before)
    return is_done


def _checkpoint(mode: str) -> bool:
    """Copy the log into the database. Returns whether nothing was in the way."""
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA wal_checkpoint({mode})")
        is_busy, in_log, copied = cursor.fetchone()
    return not is_busy and in_log == copied


def _wal_bytes() -> int:
    path = Path(f"{connection.settings_dict['NAME']}-wal")
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
