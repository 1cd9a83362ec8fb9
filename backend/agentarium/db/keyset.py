"""Keyset pages: a page begins after a row instead of after a number of rows.

Which keys a list has follows from its ordering (`keys_of`); `beyond` is the condition
for the rows after a place. `http/pagination.py` turns places into page cursors.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from django.core.exceptions import ImproperlyConfigured
from django.db.models import F, Model, Q, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.db.models.expressions import OrderBy
from django.db.models.fields.tuple_lookups import (
    Tuple,
    TupleGreaterThan,
    TupleLessThan,
)
from django.db.models.lookups import GreaterThan, LessThan

# For SQLite, Django expands a row comparison into conditions of single columns, for which
# SQLite cannot seek in an index. SQLite has supported row comparisons since 3.15.


class RowGreaterThan(TupleGreaterThan):
    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return GreaterThan.as_sql(self, compiler, connection)


class RowLessThan(TupleLessThan):
    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return LessThan.as_sql(self, compiler, connection)


class Key(NamedTuple):
    """One column that a list is ordered by."""

    path: str
    descending: bool
    nullable: bool
    # The attribute of a row, or its key in a dict, that holds the column's value.
    attribute: str
    field: Any

    @property
    def term(self) -> str:
        return f"-{self.path}" if self.descending else self.path

    def reversed(self) -> Self:
        return self._replace(descending=not self.descending)

    def ordering(self) -> OrderBy:
        """The term for `order_by`. NULL is the smallest value, on every database."""
        column = F(self.path)
        if not self.nullable:
            return column.desc() if self.descending else column.asc()
        if self.descending:
            return column.desc(nulls_last=True)
        return column.asc(nulls_first=True)

    def value(self, row: Any) -> Any:
        if isinstance(row, dict):
            return row[self.attribute]
        return getattr(row, self.attribute)

    def equals(self, value: Any) -> Q:
        if value is None:
            return Q(**{f"{self.path}__isnull": True})
        return Q(**{self.path: value})

    def beyond(self, value: Any) -> Q:
        """The rows whose value comes after `value` in this order."""
        if value is None:
            later = Q(**{f"{self.path}__isnull": False})
            return Q(pk__in=[]) if self.descending else later
        if not self.descending:
            return Q(**{f"{self.path}__gt": value})
        smaller = Q(**{f"{self.path}__lt": value})
        if self.nullable:
            return smaller | Q(**{f"{self.path}__isnull": True})
        return smaller

    def not_before(self, value: Any) -> Q:
        return Q(**{f"{self.path}__{'lte' if self.descending else 'gte'}": value})


def keys_of(queryset: QuerySet[Any]) -> list[Key]:
    """The columns of the queryset's ordering, completed to a total order by the id."""
    terms: Sequence[Any] = queryset.query.order_by
    if not terms and queryset.query.default_ordering:
        terms = queryset.model._meta.ordering
    keys = [_key(queryset, term) for term in terms]
    if not any(key.field.primary_key for key in keys if LOOKUP_SEP not in key.path):
        descending = bool(keys) and keys[-1].descending
        keys.append(_key(queryset, "-pk" if descending else "pk"))
    return keys


def ordered(queryset: QuerySet[Any], keys: Sequence[Key]) -> Any:
    """The queryset in this order. Keys of related rows become annotations."""
    joined = {
        key.attribute: F(key.path) for key in keys if key.attribute.startswith("key_")
    }
    return queryset.annotate(**joined).order_by(*(key.ordering() for key in keys))


def beyond(keys: Sequence[Key], values: Sequence[Any]) -> Q:
    """The rows that come after the one with these values.

    Columns of one direction are compared as one row value: PostgreSQL and SQLite then
    seek to that row in the index. Otherwise the first column bounds the range.
    """
    first, *rest = keys
    value, *others = values
    if len({key.descending for key in keys}) == 1 and not _any_nullable(keys):
        lookup = RowLessThan if first.descending else RowGreaterThan
        return Q(lookup(Tuple(*(F(key.path) for key in keys)), tuple(values)))
    later = first.beyond(value)
    if not rest:
        return later
    later |= first.equals(value) & beyond(rest, others)
    return later if first.nullable else first.not_before(value) & later


def _any_nullable(keys: Sequence[Key]) -> bool:
    return any(key.nullable for key in keys)


def _key(queryset: QuerySet[Any], term: object) -> Key:
    if not isinstance(term, str):
        raise ImproperlyConfigured(
            "A list is ordered by an expression. Order it by column names."
        )
    path, descending = term.removeprefix("-"), term.startswith("-")
    if path in queryset.query.annotations:
        field = queryset.query.annotations[path].output_field
        return Key(path, descending, nullable=True, attribute=path, field=field)
    if path == "pk":
        path = queryset.model._meta.pk.name
    fields = _fields(queryset.model, path)
    own = len(fields) == 1 and not fields[0].is_relation
    return Key(
        path,
        descending,
        nullable=any(getattr(field, "null", True) for field in fields),
        attribute=path if own else f"key_{path.replace(LOOKUP_SEP, '_')}",
        field=getattr(fields[-1], "target_field", fields[-1]),
    )


def _fields(model: type[Model], path: str) -> list[Any]:
    """The fields on the way from the model to the column."""
    fields: list[Any] = []
    for name in path.split(LOOKUP_SEP):
        owner: Any = fields[-1].related_model if fields else model
        fields.append(owner._meta.get_field(name))
    return fields
