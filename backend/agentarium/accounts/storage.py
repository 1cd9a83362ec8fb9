"""How many bytes are stored for each user: a counter, changed with the rows it counts.

It counts texts and JSON by their length, and `ROW_BYTES` for each row: definitions and
their versions, the inputs, steps and outputs of tasks, and their logs. It is an estimate
of the disk space, and a limit that holds: additions that would exceed it are refused in
the statement that counts them. Its row is the last one that a transaction locks.
"""

import json
from collections.abc import Mapping
from typing import Any

import orjson
from django.conf import settings

from agentarium.accounts.models import QuotaLimits, StoredData
from agentarium.accounts.quotas import (
    MEGABYTE,
    ROW_BYTES,
    Quota,
    QuotaExceededError,
    limit_of,
    register_quota,
)
from agentarium.db.prepared_statements import execute_many, prepared_cursor

TABLE = StoredData._meta.db_table
LIMITS_TABLE = QuotaLimits._meta.db_table
_ADD = (
    f"INSERT INTO {TABLE} (owner_id, used_bytes) VALUES (%s, %s)"  # noqa: S608 - ours
    " ON CONFLICT (owner_id) DO UPDATE"
    f" SET used_bytes = {TABLE}.used_bytes + excluded.used_bytes"
)
_FREE = (
    f"UPDATE {TABLE} SET used_bytes ="  # noqa: S608 - ours
    " CASE WHEN used_bytes > %s THEN used_bytes - %s ELSE 0 END WHERE owner_id = %s"
)
_ADD_WITHIN = f"{_ADD} WHERE {TABLE}.used_bytes + excluded.used_bytes <= %s"


def default_limit() -> int:
    """The server's limit, in bytes; 0 is no limit."""
    megabytes: int = settings.MAX_STORED_MB_PER_USER
    return megabytes * MEGABYTE


def stored_bytes(owner_id: int) -> int:
    used = StoredData.objects.filter(owner=owner_id)
    return used.values_list("used_bytes", flat=True).first() or 0


STORED_BYTES = register_quota(
    Quota(
        name="stored_bytes",
        label="stored data",
        advice="Delete tools that you do not need, wait until old logs are deleted",
        default=default_limit,
        count_used=stored_bytes,
        unit="bytes",
    )
)


def text_size(text: str) -> int:
    """The bytes of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def json_row_size(data: Any) -> int:
    """The bytes of a row whose content is this JSON."""
    try:
        return ROW_BYTES + len(orjson.dumps(data))
    except TypeError:
        # A whole number of more than 64 bits, or half of a surrogate pair.
        return ROW_BYTES + len(json.dumps(data))


def add_stored(owner_id: int, size: int) -> None:
    """Count bytes that the caller's transaction stores, or frees if negative.

    Raises `QuotaExceededError` if they do not fit.
    """
    if size <= 0:
        free_stored({owner_id: -size})
        return
    with prepared_cursor() as cursor:
        add_within(cursor, owner_id, size, limit_of(STORED_BYTES, owner_id))


def add_within(cursor: Any, owner_id: int, size: int, limit: int) -> None:
    """Count bytes, up to the owner's limit, in a cursor of the caller.

    Raises `QuotaExceededError` if they do not fit.
    """
    if not limit:
        cursor.execute(_ADD, [owner_id, size])
        return
    if size <= limit:
        cursor.execute(_ADD_WITHIN, [owner_id, size, limit])
    if size > limit or not cursor.rowcount:
        used = stored_bytes(owner_id)
        raise QuotaExceededError(STORED_BYTES, used=used, limit=limit)


def add_unlimited(sizes: Mapping[int, int]) -> None:
    """Count bytes by owner, of work that has begun and must not fail for a quota."""
    execute_many(_ADD, sorted(sizes.items()))


def free_stored(sizes: Mapping[int, int]) -> None:
    """Subtract bytes by owner. Rows older than the counter were never added to it."""
    execute_many(
        _FREE, [(size, size, owner_id) for owner_id, size in sorted(sizes.items())]
    )
