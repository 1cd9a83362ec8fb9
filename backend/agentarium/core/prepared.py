"""Lists whose SQL is made once for each form that they are asked for in.

Django takes several times as long to build and to compile a list's query as the
database takes to answer it, though from one request to the next only values change:
whose rows, after which row. Here all of the SQL is kept but the conditions. Those are
compiled each time, so that a list can never show rows for which it was not asked; and
their SQL tells whether two lists have the same form.
"""

import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet, FullResultSet, ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet

# Clients decide about a part of the form: how long a page is, how many values `in` has.
MAX_FORMS = 200

Values = Sequence[Any]


class PreparedLists:
    """Reads lists of one kind, as dicts. `form` is all of a list but its conditions.

    The SQL is kept for each thread, because what reads the rows belongs to the
    thread's connection.
    """

    def __init__(self) -> None:
        self._of_thread = threading.local()

    def rows(
        self, chosen: QuerySet[Any], form: Hashable, make: Callable[[], QuerySet[Any]]
    ) -> list[dict[str, Any]]:
        """What `make()` holds: a queryset made of `chosen`, with `values()`.

        It is called for the first list of a form; it must not add conditions.
        """
        return self._ask(chosen, ("rows", form), lambda: _Statement.of(make()))

    def count(self, chosen: QuerySet[Any], limit: int) -> int:
        """The number of the rows, but no more than `limit`."""
        counted = self._ask(
            chosen, ("count", limit), lambda: _Statement.counting(chosen, limit)
        )
        return int(counted[0]["count"]) if counted else 0

    def _ask(
        self,
        chosen: QuerySet[Any],
        form: tuple[Hashable, ...],
        make: Callable[[], "_Statement"],
    ) -> list[dict[str, Any]]:
        try:
            where, values = _conditions(chosen)
        except EmptyResultSet:
            return []
        known = self._known()
        key = (*form, where)
        if key not in known:
            if len(known) >= MAX_FORMS:
                known.clear()
            known[key] = make().around(where[-1])
        return known[key].ask(values)

    def _known(self) -> "dict[Hashable, _Prepared]":
        if not hasattr(self._of_thread, "known"):
            self._of_thread.known = {}
        known: dict[Hashable, _Prepared] = self._of_thread.known
        return known


def _conditions(chosen: QuerySet[Any]) -> tuple[tuple[str, ...], Values]:
    """The SQL of the tables and of the conditions, and the values of the latter."""
    compiler = _compiler(chosen)
    tables, _ = compiler.get_from_clause()
    try:
        where, values = compiler.compile(chosen.query.where)
    except FullResultSet:
        where, values = "", ()
    return (*tables, where), values


def _compiler(rows: QuerySet[Any]) -> Any:
    return rows.query.get_compiler(connection=connections[DEFAULT_DB_ALIAS])


class _Statement(NamedTuple):
    """A statement with its values, as Django has made it."""

    sql: str
    values: Values
    names: Sequence[str]
    converters: Any
    compiler: Any

    @classmethod
    def of(cls, rows: QuerySet[Any]) -> "_Statement":
        compiler = _compiler(rows)
        sql, values = compiler.as_sql()
        names = list(rows.query.selected or ())
        converters = compiler.get_converters([each[0] for each in compiler.select])
        return cls(sql, values, names, converters, compiler)

    @classmethod
    def counting(cls, chosen: QuerySet[Any], limit: int) -> "_Statement":
        rows = cls.of(chosen.order_by().values("pk")[:limit])
        # The SQL is Django's; values stay parameters.
        sql = f"SELECT COUNT(*) FROM ({rows.sql}) AS counted"  # noqa: S608
        return rows._replace(sql=sql, names=["count"], converters={})

    def around(self, where: str) -> "_Prepared":
        """The same with a gap for the values of its conditions."""
        # Elsewhere too, they would keep the values of whoever asked first.
        if where and self.sql.count(where) != 1:
            raise ImproperlyConfigured("A list has its conditions in one place.")
        head, _, tail = self.sql.partition(where) if where else (self.sql, "", "")
        places, last = head.count("%s"), len(self.values) - tail.count("%s")
        return _Prepared(self, self.values[:places], self.values[last:])


class _Prepared(NamedTuple):
    """A statement that lacks the values of its conditions."""

    statement: _Statement
    before: Values
    after: Values

    def ask(self, values: Values) -> list[dict[str, Any]]:
        sql, _, names, converters, compiler = self.statement
        with compiler.connection.cursor() as cursor:
            cursor.execute(sql, (*self.before, *values, *self.after))
            rows = cursor.fetchall()
        return [
            dict(zip(names, row, strict=True))
            for row in compiler.apply_converters(rows, converters)
        ]
