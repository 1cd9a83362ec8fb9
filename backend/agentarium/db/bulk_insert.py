"""Many rows in few statements, for the tables that are written most often.

The ORM's `bulk_create` builds and compiles the statement on each call, which costs about
0.3 ms for each row of a task. Here a statement is compiled once for each table.
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

# For one statement. PostgreSQL accepts at most 65,535 values in one.
MAX_ROWS = 500

Convert = Callable[[Any], Any]
M = TypeVar("M", bound=Model)


def placeholders(values: Collection[object]) -> str:
    """An SQL list with a placeholder for each value: `(%s, %s)`."""
    return f"({', '.join(['%s'] * len(values))})"


def in_clause(ids: Collection[int]) -> tuple[str, list[Any]]:
    """The SQL that tests whether the column before it is one of `ids`, and its values.

    On PostgreSQL the text is the same for any number of ids, so that one plan serves all.
    """
    if connection.vendor == "postgresql":
        return "= ANY(%s)", [[*ids]]
    return f"IN {placeholders(ids)}", [*ids]


class RowTemplate(Generic[M]):
    """Makes objects of a model that differ in a few columns only.

    A model's `__init__` computes every field's default each time. Here each default is
    computed once, so pass times and every other value whose default may change.
    """

    def __init__(self, model: type[M]) -> None:
        self._model = model

    def fill(self, **columns: Any) -> M:
        """An object as if loaded from the database. Name its columns by `attname`."""
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

    `without` names the fields that the database fills in. `returning` names those that it
    returns, which are then set on the objects. `conflict` is the SQL after `ON CONFLICT`.
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
        """Write the rows in the caller's transaction, which must be open."""
        for batch in batched(rows, MAX_ROWS):
            self._write(batch)

    def _write(self, rows: Sequence[Model]) -> None:
        values = [self._values(row) for row in rows]
        with prepared_cursor() as cursor:
            if connection.vendor == "postgresql":
                all_rows = ", ".join([self._placeholders] * len(rows))
                cursor.execute(
                    f"{self._head} {all_rows}{self._tail}",
                    [value for row in values for value in row],
                )
                returned = cursor.fetchall() if self._returning else ()
                self._set_returned(rows, returned)
            elif self._returning:
                # SQLite does not guarantee the order of returned rows.
                for row, value in zip(rows, values, strict=True):
                    cursor.execute(
                        f"{self._head} {self._placeholders}{self._tail}", value
                    )
                    self._set_returned([row], cursor.fetchall())
            else:
                cursor.executemany(
                    f"{self._head} {self._placeholders}{self._tail}", values
                )

    def _values(self, row: Model) -> list[Any]:
        values = list(self._get_values(row))
        for position, convert in self._converters:
            values[position] = convert(values[position])
        return values

    def _set_returned(
        self, rows: Sequence[Model], returned: Sequence[Sequence[Any]]
    ) -> None:
        for row, values in zip(rows, returned, strict=bool(returned)):
            for name, value in zip(self._returning, values, strict=True):
                setattr(
                    row, name, _from_driver(self._model._meta.get_field(name), value)
                )

    @cached_property
    def _fields(self) -> list[Any]:
        fields = self._model._meta.concrete_fields
        return [field for field in fields if field.name not in self._without]

    @cached_property
    def _get_values(self) -> Callable[[Model], tuple[Any, ...]]:
        names = [field.attname for field in self._fields]
        get: Callable[[Model], tuple[Any, ...]] = attrgetter(*names)
        return get

    @cached_property
    def _converters(self) -> list[tuple[int, Convert]]:
        """The columns that need a converter, by position: most do not."""
        converters = map(_converter, self._fields)
        return [(position, each) for position, each in enumerate(converters) if each]

    @cached_property
    def _head(self) -> str:
        quote = connection.ops.quote_name
        columns = ", ".join(quote(field.column) for field in self._fields)
        table = quote(self._model._meta.db_table)
        return f"INSERT INTO {table} ({columns}) VALUES"

    @cached_property
    def _placeholders(self) -> str:
        return placeholders(self._fields)

    @cached_property
    def _tail(self) -> str:
        conflict = f" ON CONFLICT {self._conflict}" if self._conflict else ""
        returning = f" RETURNING {', '.join(self._returning)}"
        return conflict + (returning if self._returning else "")


def _converter(field: "Field[Any, Any]") -> Convert | None:
    """Converts an attribute's value to what the driver accepts; None if it is the same."""
    match field.get_internal_type():
        case "DateTimeField":
            return None if connection.vendor == "postgresql" else _time
        case "JSONField":
            return _json
        case "CharField":
            # Converts a member of `TextChoices` to a plain str.
            return _text if field.null else str
    return None


def _text(value: str | None) -> str | None:
    return None if value is None else str(value)


def _time(value: datetime | None) -> Any:
    """The text that the ORM stores in SQLite, where times have no zone and are UTC."""
    return value and str(value.astimezone(UTC).replace(tzinfo=None))


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _from_driver(field: Any, value: Any) -> Any:
    """Converts the driver's value to the ORM's: SQLite's times have no zone."""
    if field.get_internal_type() != "DateTimeField" or value is None:
        return value
    moment: Any = value if isinstance(value, datetime) else parse_datetime(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
