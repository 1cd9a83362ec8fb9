"""Rows that are complete whichever way the ORM inserts them (ADR 14).

`create`, `save`, `bulk_create`, the admin, and `loaddata`, which bypasses an overridden
`save`, all call `QuerySet._insert`. Statements of `db/bulk_insert.py` do not: their
callers have to write complete rows.
"""

from collections.abc import Collection, Sequence
from typing import Any, TypeVar

from django.db import models, transaction

M = TypeVar("M", bound=models.Model)


class WholeRowsQuerySet(models.QuerySet[M]):
    """Calls hooks that complete the inserted rows, in the transaction of the insert.

    The model's `Meta` must name its manager as `base_manager_name`: `save` uses that one.
    """

    def before_insert(self, rows: Sequence[M], *, is_raw: bool) -> None:
        """Set the columns that the caller left out.

        `is_raw` says that the rows come from a fixture.
        """

    def after_insert(self, rows: Sequence[M], *, is_raw: bool) -> None:
        """Insert the related rows of new rows."""

    def after_update(self, keys: Collection[Any]) -> None:
        """Update the related rows of rows that an upsert found or inserted."""

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
            self.before_insert(objs, is_raw=raw)
            if on_conflict and objs[0].pk is None:
                # Such rows can conflict in their key only, and they get new keys.
                on_conflict, options = None, {}
            existing = self._stored_keys(objs) if on_conflict else set()
            returning = returning_fields
            if on_conflict is None and not returning:
                returning = [key]
            inserted: list[Sequence[Any]] = super()._insert(  # type: ignore[misc]
                objs,
                fields=fields,
                returning_fields=returning,
                raw=raw,
                using=using,
                on_conflict=on_conflict,
                **options,
            )
            if returning and key in returning:
                position = list(returning).index(key)
                for row, values in zip(objs, inserted, strict=True):
                    row.pk = row.pk if row.pk is not None else values[position]
            if on_conflict:
                # Two rows can have the same key, and SQLite ignores rows that violate
                # other constraints.
                new = self._stored_keys(objs) - existing
                added = {row.pk: row for row in reversed(objs) if row.pk in new}
                self.after_insert([*added.values()], is_raw=raw)
                self.after_update(existing | new)
            else:
                self.after_insert(objs, is_raw=raw)
        return inserted if returning_fields else []

    _insert.alters_data = True  # type: ignore[attr-defined]
    _insert.queryset_only = False  # type: ignore[attr-defined]

    def _stored_keys(self, rows: Sequence[M]) -> set[Any]:
        """The keys of those `rows` that are in the table."""
        known = self.model._base_manager.filter(pk__in=[row.pk for row in rows])
        return set(known.values_list("pk", flat=True))
