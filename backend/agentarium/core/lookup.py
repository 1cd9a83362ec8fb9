"""Finding rows that are asked for all the time, without making their SQL anew."""

import threading
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import BigIntegerField, Model, QuerySet
from django.db.models.query import get_related_populators

from agentarium.core.cursors import prepared_cursor

M = TypeVar("M", bound=Model)


class Selection(Generic[M]):
    """Rows of a model, with the rows that they are joined to, as objects.

    What Django does for a query takes several times as long as the database's answer
    to it. Here its SQL, and the way from a tuple to objects, are made once for each
    thread, because they belong to the thread's connection.
    """

    def __init__(self, rows: QuerySet[M]) -> None:
        self._rows = rows.order_by()
        self._of_thread = threading.local()

    def select(self, tail: str, values: Sequence[Any]) -> list[M]:
        """Those for which `tail` asks: the SQL that follows the joins."""
        reader: _Reader | None = getattr(self._of_thread, "reader", None)
        if reader is None:
            # A copy: while one thread compiles a query, another would find it changed.
            reader = self._of_thread.reader = _Reader(self._rows.all())
        found: list[M] = reader.select(tail, values)
        return found


class Lookup(Generic[M]):
    """Finds one row by the values of columns."""

    def __init__(self, rows: QuerySet[M], *by: str) -> None:
        self._rows = Selection(rows)
        self._by: list[Any] = [rows.model._meta.get_field(name) for name in by]
        table = rows.model._meta.db_table
        columns = [f'"{table}"."{field.column}" = %s' for field in self._by]
        self._tail = f" WHERE {' AND '.join(columns)}"

    def find(self, *values: Any) -> M | None:
        """The row that has these values in the columns, or None."""
        if not all(map(_may_be_stored, values)):
            return None
        own = connections[DEFAULT_DB_ALIAS]
        asked = [
            field.get_db_prep_value(value, own)
            for field, value in zip(self._by, values, strict=True)
        ]
        found = self._rows.select(self._tail, asked)
        return found[0] if found else None


def _may_be_stored(value: Any) -> bool:
    """No database takes a larger number: there is no row with one."""
    return not isinstance(value, int) or abs(value) <= BigIntegerField.MAX_BIGINT


class _Reader:
    """Does with a prepared query what `ModelIterable` does with a queryset."""

    def __init__(self, rows: QuerySet[Any]) -> None:
        self._connection: Any = connections[DEFAULT_DB_ALIAS]
        self._compiler: Any = rows.query.get_compiler(connection=self._connection)
        self._sql, _ = self._compiler.as_sql()
        select, info = self._compiler.select, self._compiler.klass_info
        self._converters = self._compiler.get_converters([each[0] for each in select])
        fields = info["select_fields"]
        self._own = slice(fields[0], fields[-1] + 1)
        self._names = [each[0].target.attname for each in select[self._own]]
        populators: Any = get_related_populators
        self._joined = populators(info, select, DEFAULT_DB_ALIAS)
        self._model = rows.model

    def select(self, tail: str, values: Sequence[Any]) -> list[Any]:
        with prepared_cursor() as cursor:
            cursor.execute(self._sql + tail, values)
            rows = cursor.fetchall()
        return [
            self._object(row)
            for row in self._compiler.apply_converters(rows, self._converters)
        ]

    def _object(self, row: Sequence[Any]) -> Any:
        found = self._model.from_db(DEFAULT_DB_ALIAS, self._names, row[self._own])
        for joined in self._joined:
            joined.populate(row, found)
        return found
