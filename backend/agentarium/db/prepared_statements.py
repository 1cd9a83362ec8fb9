"""Cursors for statements that run very often."""

from collections.abc import Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.utils import CursorWrapper


def prepared_cursor() -> CursorWrapper:
    """A cursor whose statements the database parses and plans only once.

    Use it for hand-written statements whose text hardly varies: a connection keeps the
    last hundred that ran more than five times, until a transaction is rolled back.
    """
    connection: Any = connections[DEFAULT_DB_ALIAS]
    cursor: CursorWrapper = connection.prepared_cursor()
    return cursor


def execute_many(statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """Execute a statement once for each row of values. No rows, no statement."""
    if rows:
        with prepared_cursor() as cursor:
            cursor.executemany(statement, rows)
