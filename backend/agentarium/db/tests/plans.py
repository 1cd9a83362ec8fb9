"""How the database means to find what it is asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

EXPLAIN = {"postgresql": "EXPLAIN (COSTS OFF)", "sqlite": "EXPLAIN QUERY PLAN"}


@contextmanager
def plans_of(part: str = "SELECT") -> Iterator[list[str]]:
    """The plans of the reads that happen meanwhile and hold `part` in their SQL.

    Of a few rows PostgreSQL would read the whole table: here it does so only where there
    is no other way, as with the many of a long history.
    """
    plans: list[str] = []

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        if sql.startswith(("SELECT", "WITH")) and part in sql:
            with connection.cursor() as cursor:
                cursor.cursor.execute(f"{EXPLAIN[connection.vendor]} {sql}", params)
                rows = cursor.cursor.fetchall()
            plans.append("\n".join(str(row[-1]) for row in rows))
        return execute(sql, params, many, context)

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    with connection.execute_wrapper(explain):
        yield plans
