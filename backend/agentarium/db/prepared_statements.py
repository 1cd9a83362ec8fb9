"""Cursors for statements that are asked all the time."""

from collections.abc import Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.utils import CursorWrapper


def prepared_cursor() -> CursorWrapper:
    """Has the database read and plan each statement once, not each time.

    For statements of few forms, written by hand: a connection keeps the last hundred that
    were asked more than five times, until a transaction is rolled back.
    """
    own: Any = connections[DEFAULT_DB_ALIAS]
    cursor: CursorWrapper = own.prepared_cursor()
    return cursor


def execute_many(statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """Execute a statement once for the values of each row; not at all for none."""
    if rows:
        with prepared_cursor() as cursor:
            cursor.executemany(statement, rows)
