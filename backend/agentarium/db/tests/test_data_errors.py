"""An error of the machinery is never taken for data that cannot be stored."""

import sqlite3
from typing import Any

import psycopg
import pytest
from django.db import DataError, InterfaceError, OperationalError, connection, utils
from psycopg import errors

from agentarium.db.data_errors import is_about_data, is_about_machinery

# Every SQLSTATE that psycopg knows, which are those of PostgreSQL.
SQLSTATES = sorted({str(each.sqlstate) for each in errors._sqlcodes.values()})
# The classes of errors of the Python database API.
NAMES = [
    "DataError",
    "OperationalError",
    "IntegrityError",
    "InternalError",
    "ProgrammingError",
    "NotSupportedError",
    "DatabaseError",
    "InterfaceError",
    "Error",
]
DATA_CLASSES = {"22", "23", "54"}


def as_django_raises(cause: Exception) -> Exception:
    """The error as Django's wrapper raises it, by the class of the driver's."""
    names = [each.__name__ for each in type(cause).__mro__]
    wrapper: Any = getattr(utils, next(name for name in names if name in NAMES))
    error: Exception = wrapper(*cause.args)
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("sqlstate", SQLSTATES)
def test_the_class_of_the_sqlstate_decides(sqlstate: str) -> None:
    error = as_django_raises(errors.lookup(sqlstate)("no"))

    assert is_about_data(error) == (sqlstate[:2] in DATA_CLASSES)
    assert is_about_machinery(error) != is_about_data(error)


def test_the_table_of_sqlstates_is_whole() -> None:
    assert len(SQLSTATES) > 200
    assert {"22", "23", "54"} < {sqlstate[:2] for sqlstate in SQLSTATES}


@pytest.mark.parametrize(
    "sqlstate", ["26000", "42P05", "34000", "42P01", "53100", "08P01", "XX000", "25006"]
)
def test_poolers_disks_and_tables_are_machinery(sqlstate: str) -> None:
    assert is_about_machinery(as_django_raises(errors.lookup(sqlstate)("no")))


@pytest.mark.parametrize(
    "cause",
    [
        psycopg.OperationalError("the connection is lost"),
        psycopg.InterfaceError("the connection is closed"),
        psycopg.ProgrammingError("can't change 'autocommit' now"),
        sqlite3.OperationalError("unable to open database file"),
        sqlite3.ProgrammingError("Cannot operate on a closed database."),
    ],
    ids=str,
)
def test_an_error_without_a_code_is_machinery(cause: Exception) -> None:
    assert is_about_machinery(as_django_raises(cause))


@pytest.mark.parametrize(
    "error",
    [
        as_django_raises(
            psycopg.DataError("text fields cannot contain NUL (0x00) bytes")
        ),
        DataError("too long"),
        UnicodeEncodeError("utf-8", "\ud83d", 0, 1, "surrogates not allowed"),
        OverflowError("Python int too large to convert to SQLite INTEGER"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_driver_cannot_send_is_data(error: Exception) -> None:
    assert is_about_data(error)
    assert not is_about_machinery(error)


@pytest.mark.parametrize(
    "error",
    [OperationalError("gone"), InterfaceError("closed"), OSError("no descriptor")],
)
def test_djangos_own_errors_of_connections_are_machinery(error: Exception) -> None:
    assert is_about_machinery(error)


def test_a_bug_is_neither() -> None:
    assert not is_about_data(TypeError("a bug"))
    assert not is_about_machinery(TypeError("a bug"))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("statement", "is_data"),
    [
        ("INSERT INTO django_migrations (id, app) VALUES (1, NULL)", True),
        ("INSERT INTO django_migrations (nonsense) VALUES (1)", False),
        ("INSERT INTO nowhere VALUES (1)", False),
        ("nonsense", False),
    ],
)
def test_what_this_database_raises(statement: str, is_data: bool) -> None:  # noqa: FBT001
    with pytest.raises(utils.Error) as raised, connection.cursor() as cursor:
        cursor.execute(statement)

    assert is_about_data(raised.value) is is_data
