"""Finding the row that every request asks for, without making its SQL anew."""

import threading
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import BigIntegerField, Model, QuerySet
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=Model)


class Lookup(Generic[M]):
    """Finds one row by the values of columns, with the rows that it is joined to.

    What Django does for such a query takes several times as long as the database's
    answer to it. Here its SQL, and the way from a tuple to objects, are made once for
    each thread, because they belong to the thread's connection.
    """

    def __init__(self, rows: QuerySet[M], *by: str) -> None:
        self._rows = rows.order_by()
        self._by = by
        self._of_thread = threading.local()

    def find(self, *values: Any) -> M | None:
        """The row that has these values in the columns, or None."""
        if not all(map(_may_be_stored, values)):
            return None
        reader: _Reader | None = getattr(self._of_thread, "reader", None)
        if reader is None:
            # A copy: while one thread compiles a query, another would find it changed.
            reader = self._of_thread.reader = _Reader(self._rows.all(), self._by)
        found: M | None = reader.find(values)
        return found


def _may_be_stored(value: Any) -> bool:
    """No database takes a larger number: there is no row with one."""
    return not isinstance(value, int) or abs(value) <= BigIntegerField.MAX_BIGINT


class _Reader:
    """Does with a prepared query what `ModelIterable` does with a queryset."""

    def __init__(self, rows: QuerySet[Any], by: Sequence[str]) -> None:
        self._by: list[Any] = [rows.model._meta.get_field(name) for name in by]
        self._connection: Any = connections[DEFAULT_DB_ALIAS]
        self._compiler: Any = rows.query.get_compiler(connection=self._connection)
        sql, _ = self._compiler.as_sql()
        quote = self._connection.ops.quote_name
        table = quote(rows.model._meta.db_table)
        columns = [f"{table}.{quote(field.column)} = %s" for field in self._by]
        self._sql = f"{sql} WHERE {' AND '.join(columns)}"
        select, info = self._compiler.select, self._compiler.klass_info
        self._converters = self._compiler.get_converters([each[0] for each in select])
        fields = info["select_fields"]
        self._own = slice(fields[0], fields[-1] + 1)
        self._names = [each[0].target.attname for each in select[self._own]]
        populators: Any = get_related_populators
        self._joined = populators(info, select, DEFAULT_DB_ALIAS)
        self._model = rows.model

    def find(self, values: Sequence[Any]) -> Any:
        with self._connection.cursor() as cursor:
            cursor.execute(
                self._sql,
                [
                    field.get_db_prep_value(value, self._connection)
                    for field, value in zip(self._by, values, strict=True)
                ],
            )
            row = cursor.fetchone()
        if row is None:
            return None
        (row,) = self._compiler.apply_converters([row], self._converters)
        found = self._model.from_db(DEFAULT_DB_ALIAS, self._names, row[self._own])
        for joined in self._joined:
            joined.populate(row, found)
        return found
