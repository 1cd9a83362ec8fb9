"""Rows that are whole however the ORM is asked to insert them (ADR 14).

`create`, `save`, `bulk_create`, the admin, and `loaddata`, which passes by an overridden
`save`, all come to `QuerySet._insert`. Statements of `db/bulk_insert.py` do not: whoever
writes rows by hand writes whole ones.
"""

from collections.abc import Collection, Sequence
from typing import Any, TypeVar

from django.db import models, transaction

M = TypeVar("M", bound=models.Model)


class WholeRowsQuerySet(models.QuerySet[M]):
    """Completes the rows that it inserts, in the transaction that inserts them.

    The model's `Meta` names its manager as `base_manager_name`: `save` uses that one.
    """

    def fill_in(self, rows: Sequence[M], *, is_raw: bool) -> None:
        """Set what was left out of rows that are about to be inserted.

        `is_raw` says that they come from a fixture.
        """

    def add_to(self, rows: Sequence[M], *, is_raw: bool) -> None:
        """Insert what belongs to rows that were just inserted."""

    def revise(self, keys: Collection[Any]) -> None:
        """Bring up to date what belongs to rows that were there, and were updated."""

    def _insert(
        self,
        objs: Sequence[M],
        fields: Collection[Any],
        returning_fields: Sequence[Any] | None = None,
        raw: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        using: str | None = None,
        on_conflict: Any = None,
        **options: Any,
    ) -> Any:
        key = self.model._meta.pk
        assert key is not None
        with transaction.atomic(using=using or self.db, savepoint=False):
            self.fill_in(objs, is_raw=raw)
            there: set[Any] = set()
            if on_conflict and objs[0].pk is None:
                # Its key is all in which such a row can conflict, and it gets a new one.
                on_conflict, options = None, {}
            elif on_conflict:
                known = self.model._base_manager.filter(pk__in=[row.pk for row in objs])
                there = set(known.values_list("pk", flat=True))
            returning = returning_fields
            if on_conflict is None and not returning:
                returning = [key]
            given: list[Sequence[Any]] = super()._insert(  # type: ignore[misc]
                objs,
                fields=fields,
                returning_fields=returning,
                raw=raw,
                using=using,
                on_conflict=on_conflict,
                **options,
            )
            if returning and key in returning:
                place = list(returning).index(key)
                for row, values in zip(objs, given, strict=True):
                    row.pk = row.pk if row.pk is not None else values[place]
            self.add_to([row for row in objs if row.pk not in there], is_raw=raw)
            self.revise(there)
        return given if returning_fields else []

    _insert.alters_data = True  # type: ignore[attr-defined]
    _insert.queryset_only = False  # type: ignore[attr-defined]
