"""Queries that are compiled once, and run again with other values.

Django takes several times as long to build and to compile a query as the database takes
to answer it, though from one request to the next only values change. This is the one
module that uses Django's private compiler: `agentarium/tests/test_internals.py` names
what it relies on.
"""

import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from django.core.exceptions import EmptyResultSet, FullResultSet, ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import BigIntegerField, QuerySet
from django.db.models.query import get_related_populators

from agentarium.db.prepared_statements import prepared_cursor

# Clients decide about a part of the form: how long a page is, how many values `in` has.
MAX_FORMS = 200

R = TypeVar("R")
Values = Sequence[Any]


class _Kept(threading.local):
    """By form, of each thread: as its connection, by which rows are read."""

    def __init__(self) -> None:
        self.by_form: dict[Hashable, Any] = {}


class CompiledQuery(Generic[R]):
    """Queries of one kind, whose SQL is kept for each thread and each form.

    `make` returns the queryset. A row is what that would yield: an object, with those
    that `select_related` joins to it, or a dict of `values()`.
    """

    def __init__(self, make: Callable[..., QuerySet[Any, R]]) -> None:
        self._make = make
        self._kept = _Kept()

    def run(self, chosen: QuerySet[Any, Any], *form: Hashable) -> list[R]:
        """The rows of `make(chosen, *form)`, which must not add conditions.

        The conditions of `chosen` are compiled each time, so that the rows can never be
        others than those that were asked for; their SQL is a part of the form.
        """
        try:
            statement, values = self._chosen(chosen, form)
        except EmptyResultSet:
            return []
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, values)
            return statement.read(cursor.fetchall())

    def count(self, chosen: QuerySet[Any, Any], *form: Hashable) -> int:
        """The number of rows that `run` would return."""
        try:
            statement, values = self._chosen(chosen, form)
        except EmptyResultSet:
            return 0
        # The SQL is Django's; values stay parameters.
        sql = f"SELECT COUNT(*) FROM ({statement.sql}) AS counted"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return int(cursor.fetchone()[0])

    def find(self, **columns: Any) -> R | None:
        """The row of `make()` that has these values in columns of its table, or None."""
        if not all(map(_can_be_stored, columns.values())):
            return None
        names = tuple(columns)
        where, fields = self._once(names, lambda: _where(self._make(), names))
        values = [
            field.get_db_prep_value(value, connection)
            for field, value in zip(fields, columns.values(), strict=True)
        ]
        found = self.select(where, values)
        return found[0] if found else None

    def select(self, tail: str, values: Values) -> list[R]:
        """The rows of `make()` that SQL written by hand chooses: what follows the joins."""
        statement: _Statement = self._once(
            (), lambda: _Statement.of(self._make().order_by())
        )
        with prepared_cursor() as cursor:
            cursor.execute(statement.sql + tail, values)
            return statement.read(cursor.fetchall())

    def _chosen(
        self, chosen: QuerySet[Any, Any], form: tuple[Hashable, ...]
    ) -> tuple["_Statement", Values]:
        """The statement with these conditions, and all of its values."""
        compiler = _compiler(chosen)
        tables, _ = compiler.get_from_clause()
        try:
            where, values = compiler.compile(chosen.query.where)
        except FullResultSet:
            where, values = "", ()
        statement: _Statement = self._once(
            (form, *tables, where),
            lambda: _Statement.of(self._make(chosen, *form), where),
        )
        return statement, (*statement.before, *values, *statement.after)

    def _once(self, form: Hashable, make: Callable[[], Any]) -> Any:
        kept = self._kept.by_form
        if form not in kept:
            if len(kept) >= MAX_FORMS:
                kept.clear()
            kept[form] = make()
        return kept[form]


def count_rows(chosen: QuerySet[Any, Any], limit: int) -> int:
    """The number of the rows, but no more than `limit`."""
    return _FIRST_ROWS.count(chosen, limit)


_FIRST_ROWS: CompiledQuery[Any] = CompiledQuery(
    lambda rows, limit: rows.order_by().values("pk")[:limit]
)


class _Statement(NamedTuple):
    """SQL that lacks the values of its conditions, and what reads its rows."""

    sql: str
    before: Values
    after: Values
    read: Callable[[Sequence[Values]], list[Any]]

    @classmethod
    def of(cls, rows: QuerySet[Any, Any], where: str = "") -> "_Statement":
        compiler = _compiler(rows)
        sql, values = compiler.as_sql()
        # Elsewhere too, they would keep the values of whoever asked first.
        if where and sql.count(where) != 1:
            raise ImproperlyConfigured("A query has its conditions in one place.")
        head, _, tail = sql.partition(where) if where else (sql, "", "")
        first, last = head.count("%s"), len(values) - tail.count("%s")
        return cls(sql, values[:first], values[last:], _reader(rows, compiler))


def _compiler(rows: QuerySet[Any, Any]) -> Any:
    return rows.query.get_compiler(connection=connections[DEFAULT_DB_ALIAS])


def _reader(rows: QuerySet[Any, Any], compiler: Any) -> Any:
    """What makes rows of the tuples that the database returns."""
    converters = compiler.get_converters([each[0] for each in compiler.select])
    names = [*(rows.query.selected or ())]
    if not names:
        make = _objects(rows.model, compiler)
        return lambda found: [
            make(row) for row in compiler.apply_converters(found, converters)
        ]
    return lambda found: [
        dict(zip(names, row, strict=True))
        for row in compiler.apply_converters(found, converters)
    ]


def _objects(model: Any, compiler: Any) -> Callable[[Values], Any]:
    """What makes a tuple an object, as Django's `ModelIterable` does."""
    if compiler.annotation_col_map:
        raise ImproperlyConfigured("Objects come without annotations.")
    select, info = compiler.select, compiler.klass_info
    fields = info["select_fields"]
    own = slice(fields[0], fields[-1] + 1)
    names = [each[0].target.attname for each in select[own]]
    populators: Any = get_related_populators
    joined = populators(info, select, DEFAULT_DB_ALIAS)

    def make(row: Values) -> Any:
        found = model.from_db(DEFAULT_DB_ALIAS, names, row[own])
        for each in joined:
            each.populate(row, found)
        return found

    return make


def _where(rows: QuerySet[Any, Any], names: Sequence[str]) -> tuple[str, list[Any]]:
    """SQL that compares columns of the rows' own table, and the fields of these."""
    meta = rows.model._meta
    fields: list[Any] = [meta.get_field(name) for name in names]
    columns = [f'"{meta.db_table}"."{field.column}" = %s' for field in fields]
    return f" WHERE {' AND '.join(columns)}", fields


def _can_be_stored(value: Any) -> bool:
    """No database takes a larger number: there is no row with one."""
    return not isinstance(value, int) or abs(value) <= BigIntegerField.MAX_BIGINT
