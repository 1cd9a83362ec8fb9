import threading
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from pytest_django import Settings

from agentarium.db.backends.postgresql.base import DatabaseWrapper
from agentarium.db.request_limits import (
    UNLIMITED,
    limited_statements,
    limits_of_thread,
)

# SQLite has no such limits: a write there waits for 20 seconds at most.
LOCK_LIMIT = {"postgresql": "SHOW lock_timeout", "sqlite": "SELECT '5s'"}
NO_LIMIT = {"postgresql": "SHOW lock_timeout", "sqlite": "SELECT '0'"}


@pytest.fixture(autouse=True)
def _limits(settings: Settings) -> None:
    settings.REQUEST_LOCK_SECONDS = 5.0
    settings.REQUEST_STATEMENT_SECONDS = 30.0


def test_only_requests_are_limited() -> None:
    with limited_statements():
        inside = limits_of_thread()
        elsewhere: list[tuple[int, int]] = []
        thread = threading.Thread(target=lambda: elsewhere.append(limits_of_thread()))
        thread.start()
        thread.join()

    assert inside == (5000, 30_000)
    assert (elsewhere, limits_of_thread()) == ([UNLIMITED], UNLIMITED)


@pytest.mark.django_db(transaction=True)
def test_a_connection_has_the_limits_of_the_thread_that_uses_it() -> None:
    def read(statement: str) -> str:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            value: str = cursor.fetchone()[0]
        connection.close()
        return value

    connection.close()
    with limited_statements():
        limited = read(LOCK_LIMIT[connection.vendor])
    unlimited = read(NO_LIMIT[connection.vendor])

    assert (limited, unlimited) == ("5s", "0")


def test_a_connection_that_has_the_limits_is_not_asked_again() -> None:
    raw = mock.Mock(limits=UNLIMITED)
    wrapper: Any = mock.Mock(connection=raw, wrap_database_errors=mock.MagicMock())
    limit: Callable[..., None] = DatabaseWrapper._limit_statements

    for limits in (UNLIMITED, (5000, 0), (5000, 0), UNLIMITED):
        limit(wrapper, limits)

    assert raw.execute.call_count == 2
