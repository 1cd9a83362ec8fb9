"""Which errors of the database are about the data that it was given.

Such data can never be stored. Every other error is one of the machinery (a connection, a
pooler, a disk, tables that are being changed), and the same data can be stored later.
"""

import sqlite3

from django.db import DataError, Error, IntegrityError

# Classes of SQLSTATE: data exception, integrity constraint violation, and program limit
# exceeded (a row of an index or a search vector that is too long).
_SQLSTATE_CLASSES = frozenset({"22", "23", "54"})
_SQLITE_CODES = frozenset(
    {sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH}
)
# SQLite's extended codes have the primary one in this byte.
_PRIMARY = 0xFF


def is_about_data(error: BaseException) -> bool:
    """Whether the database, or its driver, can never store this data."""
    if not isinstance(error, Error):
        # The driver's, before it sends anything: half of a surrogate pair, too large a number.
        return isinstance(error, ValueError | OverflowError)
    cause = error.__cause__
    if sqlstate := getattr(cause, "sqlstate", None):
        return sqlstate[:2] in _SQLSTATE_CLASSES
    if code := getattr(cause, "sqlite_errorcode", None):
        return code & _PRIMARY in _SQLITE_CODES
    # The driver's as well: psycopg refuses NUL characters.
    return isinstance(error, DataError | IntegrityError)


def is_about_machinery(error: BaseException) -> bool:
    """Whether the same data can be stored later."""
    # An OSError is of this machine, such as no free descriptor.
    return isinstance(error, Error | OSError) and not is_about_data(error)
