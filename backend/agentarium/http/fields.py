"""Serializer fields that every API shares."""

from typing import Any

import orjson
from django.db.models import BigIntegerField
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agentarium.runtime.prices import dollars

# The runtime accepts no longer arguments from a model.
MAX_ARGUMENTS_BYTES = 1_000_000


class VisibleRelatedField(serializers.PrimaryKeyRelatedField[Any]):
    """A related object that the caller may see. Any other id counts as missing."""

    def get_queryset(self) -> Any:
        queryset: Any = super().get_queryset()
        return queryset.visible_to(self.context["request"].user)


class IdField(serializers.IntegerField):
    """An id, in the range that the databases have for ids. It need not exist."""

    def __init__(self, **options: Any) -> None:
        largest = BigIntegerField.MAX_BIGINT
        super().__init__(**{"min_value": -largest - 1, "max_value": largest, **options})


class ArgumentsField(serializers.DictField):
    """Arguments of a tool call, as long as those that a model may send."""

    default_error_messages = {
        "too_long": "The arguments are longer than {limit} bytes."
    }

    def to_internal_value(self, data: Any) -> Any:
        arguments = super().to_internal_value(data)
        if len(orjson.dumps(arguments)) > MAX_ARGUMENTS_BYTES:
            self.fail("too_long", limit=f"{MAX_ARGUMENTS_BYTES:,}")
        return arguments


class BoundedListField(serializers.ListField):
    """A list whose length is checked before its values, which may be many."""

    def __init__(self, *, max_length: int, **options: Any) -> None:
        super().__init__(max_length=max_length, **options)
        self._max_length = max_length

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, list) and len(data) > self._max_length:
            self.fail("max_length", max_length=self._max_length)
        return super().to_internal_value(data)


class TextField(serializers.CharField):
    """A string, without conversion: a number or a list is an error. Spaces are kept.

    A string of spaces only counts as blank. The length is checked first, so that
    subclasses never parse a text that is too long.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if isinstance(data, str) and not data.strip():
            data = ""
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return data


@extend_schema_field(
    {"type": "string", "format": "decimal", "pattern": r"^\d+(\.\d+)?$"}
)
class DollarsField(serializers.IntegerField):
    """Nanodollars, represented as an exact decimal number of US dollars."""

    def to_representation(self, value: Any) -> Any:
        return dollars(value)
