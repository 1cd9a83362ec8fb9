"""Re-encryption of all stored secrets after the server's secret key has changed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import models, transaction

from agentarium.core.encryption import (
    Sealed,
    SealedField,
    SealedMapField,
    UnreadableSecretError,
)


@dataclass(slots=True)
class Resealed:
    """The number of rows written, and the rows that none of our keys can decrypt."""

    rows: int = 0
    unreadable: list[str] = field(default_factory=list)


def reseal_secrets() -> Resealed:
    """Encrypt all secrets of all tables with the current key. Safe to repeat."""
    result = Resealed()
    for model, names in models_with_secrets():
        for pk in model._default_manager.values_list("pk", flat=True).iterator():
            try:
                _reseal_row(model, pk, names)
                result.rows += 1
            except UnreadableSecretError:
                result.unreadable.append(f"{model._meta.label}:{pk}")
    return result


def models_with_secrets() -> Iterator[tuple[type[models.Model], list[str]]]:
    """Each model that has secrets, with the names of their columns."""
    for model in apps.get_models():
        names = [
            column.attname
            for column in model._meta.concrete_fields
            if isinstance(column, SealedField | SealedMapField)
        ]
        if names:
            yield model, names


@transaction.atomic
def _reseal_row(model: type[models.Model], pk: Any, names: list[str]) -> None:
    row = model._default_manager.select_for_update().filter(pk=pk).first()
    if row is None:
        return
    for name in names:
        setattr(row, name, _resealed(getattr(row, name)))
    row.save(update_fields=names)


def _resealed(value: Any) -> Any:
    if isinstance(value, Sealed):
        return value.resealed()
    if isinstance(value, dict):
        return {name: sealed.resealed() for name, sealed in value.items()}
    return value
