"""Queries that are compiled once and run many times with other values.

Django takes several times as long to build and compile a query as the database takes to
run it, although only the values change from one request to the next. This is the only
module that uses Django's private compiler: `agentarium/tests/test_internals.py` pins
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

# Clients choose a part of the shape: the length of a page, the number of values of `in`.
MAX_SHAPES = 200

R = TypeVar("R")
Values = Sequence[Any]


class _StatementCache(threading.local):
    """Statements by shape, for each thread: they belong to its connection."""

    def __init__(self) -> None:
        self.by_shape: dict[Hashable, Any] = {}


class CompiledQuery(Generic[R]):
    """Queries of one kind, whose SQL is cached for each thread and each shape.

    `make` returns the queryset. A row is what the queryset would yield: an object, with
    its `select_related` objects, or a dict of `values()`.
    """

    def __init__(self, make: Callable[..., QuerySet[Any, R]]) -> None:
        self._make = make
        self._cache = _StatementCache()

    def run(self, queryset: QuerySet[Any, Any], *shape: Hashable) -> list[R]:
        """The rows of `make(queryset, *shape)`, which must not add conditions.

        The conditions of `queryset` are compiled each time, and their SQL is a part of
        the shape. So a cached statement can never return rows of other conditions.
        """
        try:
            statement, values = self._prepare(queryset, shape)
        except EmptyResultSet:
            return []
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, values)
            return statement.read(cursor.fetchall())

    def count(self, queryset: QuerySet[Any, Any], *shape: Hashable) -> int:
        """The number of rows that `run` would return."""
        try:
            statement, values = self._prepare(queryset, shape)
        except EmptyResultSet:
            return 0
        # The SQL is Django's; values stay parameters.
        sql = f"SELECT COUNT(*) FROM ({statement.sql}) AS counted"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return int(cursor.fetchone()[0])

    def find(self, **columns: Any) -> R | None:
        """The row of `make()` with these values in columns of its own table, or None."""
        if not all(map(_can_be_stored, columns.values())):
            return None
        names = tuple(columns)
        where, fields = self._cached(names, lambda: _where(self._make(), names))
        values = [
            field.get_db_prep_value(value, connection)
            for field, value in zip(fields, columns.values(), strict=True)
        ]
        found = self.select(where, values)
        return found[0] if found else None

    def select(self, tail: str, values: Values) -> list[R]:
        """The rows of `make()` with hand-written SQL after the joins: `WHERE` and so on."""
        statement: _Statement = self._cached(
            (), lambda: _Statement.of(self._make().order_by())
        )
        with prepared_cursor() as cursor:
            cursor.execute(statement.sql + tail, values)
            return statement.read(cursor.fetchall())

    def _prepare(
        self, queryset: QuerySet[Any, Any], shape: tuple[Hashable, ...]
    ) -> tuple["_Statement", Values]:
        """The statement with these conditions, and all its values."""
        compiler = _compiler(queryset)
        tables, _ = compiler.get_from_clause()
        try:
            where, values = compiler.compile(queryset.query.where)
        except FullResultSet:
            where, values = "", ()
        statement: _Statement = self._cached(
            (shape, *tables, where),
            lambda: _Statement.of(self._make(queryset, *shape), where),
        )
        return statement, (*statement.values_before, *values, *statement.values_after)

    def _cached(self, shape: Hashable, make: Callable[[], Any]) -> Any:
        cache = self._cache.by_shape
        if shape not in cache:
            if len(cache) >= MAX_SHAPES:
                cache.clear()
            cache[shape] = make()
        return cache[shape]


def count_rows(queryset: QuerySet[Any, Any], limit: int) -> int:
    """The number of rows, but at most `limit`."""
    return _FIRST_ROWS.count(queryset, limit)


_FIRST_ROWS: CompiledQuery[Any] = CompiledQuery(
    lambda rows, limit: rows.order_by().values("pk")[:limit]
)


class _Statement(NamedTuple):
    """SQL without the values of its conditions, and the function that reads its rows."""

    sql: str
    values_before: Values
    values_after: Values
    read: Callable[[Sequence[Values]], list[Any]]

    @classmethod
    def of(cls, rows: QuerySet[Any, Any], where: str = "") -> "_Statement":
        compiler = _compiler(rows)
        sql, values = compiler.as_sql()
        # A second place would keep the values of the first caller.
        if where and sql.count(where) != 1:
            raise ImproperlyConfigured(
                "The conditions occur more than once in the SQL. Use a plain queryset."
            )
        head, _, tail = sql.partition(where) if where else (sql, "", "")
        first, last = head.count("%s"), len(values) - tail.count("%s")
        return cls(sql, values[:first], values[last:], _reader(rows, compiler))


def _compiler(rows: QuerySet[Any, Any]) -> Any:
    return rows.query.get_compiler(connection=connections[DEFAULT_DB_ALIAS])


def _reader(rows: QuerySet[Any, Any], compiler: Any) -> Any:
    """A function that turns the database's tuples into rows."""
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
    """A function that turns a tuple into an object, as Django's `ModelIterable` does."""
    if compiler.annotation_col_map:
        raise ImproperlyConfigured("Annotations need a queryset of `values()`.")
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
    """SQL that compares columns of the rows' own table, and their fields."""
    meta = rows.model._meta
    fields: list[Any] = [meta.get_field(name) for name in names]
    columns = [f'"{meta.db_table}"."{field.column}" = %s' for field in fields]
    return f" WHERE {' AND '.join(columns)}", fields


def _can_be_stored(value: Any) -> bool:
    """Whether a row may have this value: databases refuse larger numbers."""
    return not isinstance(value, int) or abs(value) <= BigIntegerField.MAX_BIGINT
