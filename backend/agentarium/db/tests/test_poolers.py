"""Connection poolers before PostgreSQL: which one it is, and what works behind it.

Debian's PgBouncer, 1.18, shares sessions between transactions, and knows nothing of prepared
statements.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from typing import Any

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.db import OperationalError, connection
from django.test import Client
from psycopg import errors
from structlog.testing import capture_logs

from agentarium.db import pooler as pooler_module
from agentarium.db.backends.postgresql import pooler_probe
from agentarium.db.backends.postgresql.pooler_probe import find_pooler
from agentarium.db.pooler import Pooler, pooler
from agentarium.db.prepared_statements import execute_many, prepared_cursor
from agentarium.db.private_connection import use_private_connection
from agentarium.db.request_limits import limited_statements
from agentarium.tests.pgbouncer import database_behind_pgbouncer

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 8


@pytest.fixture
def sharing() -> Iterator[None]:
    with database_behind_pgbouncer("transaction"):
        yield


@pytest.fixture
def session() -> Iterator[None]:
    with database_behind_pgbouncer("session"):
        yield


def select() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return int(cursor.fetchone()[0])


def run_prepared() -> None:
    """More often than a statement runs before it is prepared, and in transactions."""
    for _ in range(20):
        with prepared_cursor() as cursor:
            cursor.execute("SELECT %s::int", [1])
        execute_many("SELECT %s::int", [[1], [2]])
    connection.close()


def run_in_threads(work: Callable[[], None]) -> None:
    with ThreadPoolExecutor(THREADS) as threads:
        for done in [threads.submit(work) for _ in range(THREADS)]:
            done.result()


class TestFinding:
    def test_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pooler_module, "_found", None)
        connection.close()

        with capture_logs() as lines:
            select()

        assert pooler() is Pooler.NONE
        assert lines == []

    def test_one_that_keeps_sessions(self, session: None) -> None:
        with capture_logs() as lines:
            select()

        assert pooler() is Pooler.NONE
        assert lines == []

    def test_one_that_forgets_statements(self, sharing: None) -> None:
        with capture_logs() as lines:
            for _ in range(3):
                select()
                connection.close()

        assert pooler() is Pooler.FORGETFUL
        (line,) = lines
        assert line["event"] == "database.pooler_forgets_statements"
        assert "prepare_threshold=never" in line["advice"]

    def test_one_that_shares_sessions_where_nothing_is_prepared(
        self, sharing: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        options = connection.settings_dict["OPTIONS"]
        monkeypatch.setitem(options, "prepare_threshold", None)

        with capture_logs() as lines:
            select()

        assert pooler() is Pooler.SHARING
        assert [line["event"] for line in lines] == ["database.pooler_shares_sessions"]

    def test_by_a_connection_outside_the_pool(
        self, sharing: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def probe() -> None:
            wrapper = use_private_connection()
            for _ in range(20):
                select()
            wrapper.close()

        with ThreadPoolExecutor(1) as threads:
            threads.submit(probe).result()

        assert pooler() is Pooler.FORGETFUL

    def test_leaves_no_statement_to_others(self, sharing: None) -> None:
        select()

        with connection.cursor() as cursor:
            cursor.execute("SELECT statement FROM pg_prepared_statements")
            assert cursor.fetchall() == []


class FakeConnection:
    """A connection to a pooler whose sessions have these process ids, in turn."""

    def __init__(self, *sessions: int, error: Exception | None = None) -> None:
        self._sessions = cycle(sessions)
        self._error = error

    def __enter__(self) -> "FakeConnection":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def transaction(self) -> "FakeConnection":
        return self

    def execute(self, statement: str, *, prepare: bool) -> Any:
        if prepare and self._error:
            raise psycopg.OperationalError from self._error
        return self

    def fetchone(self) -> tuple[int]:
        return (next(self._sessions),)


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ((1,), (2,), Pooler.NONE),
        ((1,), (1,), Pooler.SHARING),
        ((1, 2), (3,), Pooler.SHARING),
        ((1,), (2, 3), Pooler.SHARING),
        # The first one got the answer of the other one's statement.
        ((1, 0), (2,), Pooler.FORGETFUL),
    ],
)
def test_sessions_that_two_connections_meet_tell_the_kind(
    first: tuple[int, ...], second: tuple[int, ...], found: Pooler
) -> None:
    opened = iter([FakeConnection(*first), FakeConnection(*second)])
    connect: Any = lambda: next(opened)  # noqa: E731

    assert find_pooler(connect, prepares=True) is found


@pytest.mark.parametrize(
    "error", [errors.DuplicatePreparedStatement(), errors.InvalidSqlStatementName()]
)
def test_a_lost_statement_tells_the_kind(error: Exception) -> None:
    opened = iter([FakeConnection(1), FakeConnection(2, error=error)])
    connect: Any = lambda: next(opened)  # noqa: E731

    assert find_pooler(connect, prepares=True) is Pooler.FORGETFUL


class TestBehindOneThatForgetsStatements:
    def test_threads_run_prepared_statements(self, sharing: None) -> None:
        run_in_threads(run_prepared)

    def test_limits_of_requests_do_not_reach_the_sessions_of_others(
        self, sharing: None
    ) -> None:
        select()
        connection.close()
        with limited_statements():
            select()
            connection.close()

        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            assert cursor.fetchone()[0] == "0"

    def test_rows_are_read_in_chunks(self, sharing: None) -> None:
        users = get_user_model().objects
        users.create(username="ann")
        users.create(username="bob")

        assert len([*users.iterator(chunk_size=1)]) == 2


class TestOneThatWasNotRecognized:
    """Such as one that was put before the server while processes run."""

    @pytest.fixture(autouse=True)
    def _unrecognized(self, sharing: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pooler_probe, "find_pooler", lambda *_, **__: Pooler.NONE)

    def test_the_first_error_switches_prepared_statements_off(self) -> None:
        with capture_logs() as lines:
            with pytest.raises(OperationalError, match="pooler"):
                run_in_threads(run_prepared)
            connection.close()
            run_in_threads(run_prepared)

        assert pooler() is Pooler.FORGETFUL
        found = [each["event"] for each in lines if each["event"] != "database.silent"]
        assert found == ["database.pooler_forgets_statements"]

    def test_a_request_is_answered_with_503(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = Client(raise_request_exception=False)
        client.force_login(get_user_model().objects.create(username="ann"))

        def fail() -> None:
            raise errors.InvalidSqlStatementName("_pg3_0 does not exist")

        monkeypatch.setattr(psycopg.Connection, "wait", lambda *_, **__: fail())
        response = client.get("/api/tasks/")

        assert response.status_code == 503
