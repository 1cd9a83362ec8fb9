"""Query plans, for tests of indexes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

EXPLAIN = {"postgresql": "EXPLAIN (COSTS OFF)", "sqlite": "EXPLAIN QUERY PLAN"}


@contextmanager
def plans_of(part: str = "SELECT") -> Iterator[list[str]]:
    """The plans of the reads in this block whose SQL contains `part`.

    With few rows PostgreSQL would scan the whole table. Here it does so only if no index
    fits, as it would with the many rows of a long history.
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
