"""Advisory locks for decisions that only one transaction at a time may make."""

from django.db import connection


def lock_decision(key: int) -> None:
    """Wait until no other transaction holds `key`, and hold it until this one ends.

    On SQLite a transaction is the only writer anyway, so there is nothing to lock.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
