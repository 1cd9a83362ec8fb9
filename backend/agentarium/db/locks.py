"""Decisions that only one transaction at a time may take."""

from django.db import connection


def lock_decision(key: int) -> None:
    """Wait until no other transaction holds `key`, and hold it until this one ends.

    SQLite's transactions begin as the only writer, which is the same.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
