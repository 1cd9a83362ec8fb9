"""SQLite's write-ahead log shrinks again after a long reader."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from agentarium.db import wal
from agentarium.db.wal import MAX_WAL_BYTES, truncate_wal

User = get_user_model()
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reader() -> Iterator[sqlite3.Connection]:
    """A program that reads the file, with a snapshot from before the test's writes."""
    User.objects.create(username="ann")
    file = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM accounts_user").fetchall()
        yield reader


def write_much() -> None:
    """Write a log of more than the limit, in one commit."""
    size = MAX_WAL_BYTES + 1_000_000
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE filler AS SELECT zeroblob(%s) AS data", [size])
        cursor.execute("DROP TABLE filler")


def test_the_log_is_truncated_once_the_reader_has_left(
    reader: sqlite3.Connection,
) -> None:
    write_much()
    during = (truncate_wal(), wal._wal_bytes() > MAX_WAL_BYTES)
    reader.execute("ROLLBACK")

    after = (truncate_wal(), wal._wal_bytes())

    assert during == (False, True)
    assert after == (True, 0)


def test_sqlite_truncates_it_too_when_a_busy_server_begins_it_from_scratch(
    reader: sqlite3.Connection,
) -> None:
    write_much()
    reader.execute("ROLLBACK")

    for number in range(2):
        User.objects.update(first_name=f"Ann {number}")

    assert wal._wal_bytes() <= MAX_WAL_BYTES


def test_a_reader_does_not_keep_writers_waiting(reader: sqlite3.Connection) -> None:
    write_much()

    assert not truncate_wal()

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        assert cursor.fetchone() == (20_000,)
    User.objects.update(first_name="Ann")


def test_leaves_a_small_log_alone(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0):
        assert truncate_wal()
