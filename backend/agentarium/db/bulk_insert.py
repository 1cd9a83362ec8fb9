"""Many rows in few statements, for the tables that are written all the time.

The ORM's `bulk_create` builds and compiles each statement anew: some 0.3 ms for each
row that a task leaves behind. Here a statement is compiled once for each table.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from functools import cached_property
from operator import attrgetter
from typing import Any, Generic, TypeVar

import orjson
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Field, Model
from django.utils.dateparse import parse_datetime

from agentarium.core.batches import batched
from agentarium.db.prepared_statements import prepared_cursor

# In one statement, which on PostgreSQL has at most 65,535 values.
MAX_ROWS = 500

Convert = Callable[[Any], Any]
M = TypeVar("M", bound=Model)


def placeholders(values: Collection[object]) -> str:
    """An SQL list with a place for each value: `(%s, %s)`."""
    return f"({', '.join(['%s'] * len(values))})"


def in_clause(ids: Collection[int]) -> tuple[str, list[Any]]:
    """What follows a column in SQL to say that it is one of `ids`, and the values.

    On PostgreSQL it has one form, however many they are: each form is planned by itself.
    """
    if connection.vendor == "postgresql":
        return "= ANY(%s)", [[*ids]]
    return f"IN {placeholders(ids)}", [*ids]


class RowTemplate(Generic[M]):
    """Makes objects of a model that differ in a few columns only.

    A model's own `__init__` asks each field for its default, each time. Here each was
    asked once: whatever is a time, or may change, has to be given.
    """

    def __init__(self, model: type[M]) -> None:
        self._model = model

    def fill(self, **columns: Any) -> M:
        """An object as if it came from the database; its columns by `attname`."""
        values = {**self._defaults, **columns}
        return self._model.from_db(DEFAULT_DB_ALIAS, self._names, values.values())

    @cached_property
    def _defaults(self) -> dict[str, Any]:
        fields = self._model._meta.concrete_fields
        return {field.attname: field.get_default() for field in fields}

    @cached_property
    def _names(self) -> list[str]:
        return list(self._defaults)


class BulkInsert:
    """`INSERT` for objects of one model, all of them or none.

    `without` names fields that the database fills in, and `returning` those that it
    gives back, to be set on the objects. `conflict` is what follows `ON CONFLICT`.
    """

    def __init__(
        self,
        model: type[Model],
        *,
        without: Sequence[str] = (),
        returning: Sequence[str] = (),
        conflict: str = "",
    ) -> None:
        self._model = model
        self._without = without
        self._returning = returning
        self._conflict = conflict

    def run(self, rows: Sequence[Model]) -> None:
        """Write the rows, in the transaction that the caller has begun."""
        for batch in batched(rows, MAX_ROWS):
            self._write(batch)

    def _write(self, rows: Sequence[Model]) -> None:
        values = [self._values(row) for row in rows]
        with prepared_cursor() as cursor:
            if connection.vendor == "postgresql":
                all_places = ", ".join([self._places] * len(rows))
                cursor.execute(
                    f"{self._head} {all_places}{self._tail}",
                    [value for row in values for value in row],
                )
                given = cursor.fetchall() if self._returning else ()
                self._set(rows, given)
            elif self._returning:
                # SQLite promises no order of what it gives back.
                for row, value in zip(rows, values, strict=True):
                    cursor.execute(f"{self._head} {self._places}{self._tail}", value)
                    self._set([row], cursor.fetchall())
            else:
                cursor.executemany(f"{self._head} {self._places}{self._tail}", values)

    def _values(self, row: Model) -> list[Any]:
        values = list(self._get(row))
        for place, convert in self._converters:
            values[place] = convert(values[place])
        return values

    def _set(self, rows: Sequence[Model], given: Sequence[Sequence[Any]]) -> None:
        for row, values in zip(rows, given, strict=bool(given)):
            for name, value in zip(self._returning, values, strict=True):
                setattr(row, name, _read(self._model._meta.get_field(name), value))

    @cached_property
    def _fields(self) -> list[Any]:
        fields = self._model._meta.concrete_fields
        return [field for field in fields if field.name not in self._without]

    @cached_property
    def _get(self) -> Callable[[Model], tuple[Any, ...]]:
        names = [field.attname for field in self._fields]
        get: Callable[[Model], tuple[Any, ...]] = attrgetter(*names)
        return get

    @cached_property
    def _converters(self) -> list[tuple[int, Convert]]:
        """By the place of their column: most columns need none."""
        converters = map(_converter, self._fields)
        return [(place, each) for place, each in enumerate(converters) if each]

    @cached_property
    def _head(self) -> str:
        quote = connection.ops.quote_name
        columns = ", ".join(quote(field.column) for field in self._fields)
        table = quote(self._model._meta.db_table)
        return f"INSERT INTO {table} ({columns}) VALUES"

    @cached_property
    def _places(self) -> str:
        return placeholders(self._fields)

    @cached_property
    def _tail(self) -> str:
        conflict = f" ON CONFLICT {self._conflict}" if self._conflict else ""
        returning = f" RETURNING {', '.join(self._returning)}"
        return conflict + (returning if self._returning else "")


def _converter(field: "Field[Any, Any]") -> Convert | None:
    """From an attribute's value to what the driver takes; None if that is the same."""
    match field.get_internal_type():
        case "DateTimeField":
            return None if connection.vendor == "postgresql" else _time
        case "JSONField":
            return _json
        case "CharField":
            # A choice is a text and more than that.
            return str
    return None


def _time(value: datetime | None) -> Any:
    """As the ORM writes it into SQLite, where times have no zone: it is always UTC."""
    return value and str(value.astimezone(UTC).replace(tzinfo=None))


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _read(field: Any, value: Any) -> Any:
    """A value as the driver gives it, as the ORM would: SQLite's times have no zone."""
    if field.get_internal_type() != "DateTimeField" or value is None:
        return value
    moment: Any = value if isinstance(value, datetime) else parse_datetime(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
