"""Connections that the server has closed are not handed out."""

import pytest
from django.db import connection

from agentarium.db.prepared_statements import prepared_cursor


@pytest.mark.django_db(transaction=True)
def test_replaces_idle_connections_that_the_server_has_closed() -> None:
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    connection.close()
    _close_all_connections()

    with connection.cursor() as cursor:
        cursor.execute("SELECT 2")
        assert cursor.fetchone() == (2,)


@pytest.mark.django_db
def test_a_frequent_statement_is_prepared_once() -> None:
    for number in range(8):
        with prepared_cursor() as cursor:
            cursor.execute("SELECT id FROM accounts_user WHERE id = %s", [number])
            assert cursor.fetchall() == []

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT generic_plans + custom_plans FROM pg_prepared_statements"
                " WHERE statement LIKE '%%FROM accounts_user WHERE id = $1'"
            )
            assert cursor.fetchall() == [(3,)]


def _close_all_connections() -> None:
    """As a restart of PostgreSQL does; SQLite has no server."""
    if connection.vendor != "postgresql":
        return
    import psycopg

    parameters = connection.get_connection_params()
    for ours in ("pool", "cursor_factory", "context"):
        parameters.pop(ours, None)
    with psycopg.connect(**parameters) as other:
        other.execute(
            # The timeout makes it wait: a terminated backend lives on for a moment.
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
