"""Serializer fields that every API shares."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agentarium.runtime.prices import dollars


class VisibleRelatedField(serializers.PrimaryKeyRelatedField[Any]):
    """A related object that the caller may see. Any other id counts as missing."""

    def get_queryset(self) -> Any:
        queryset: Any = super().get_queryset()
        return queryset.visible_to(self.context["request"].user)


class TextField(serializers.CharField):
    """A string, without conversion: a number or a list is an error. Spaces are kept.

    A string of spaces only counts as blank.
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
        return data


@extend_schema_field(
    {"type": "string", "format": "decimal", "pattern": r"^\d+(\.\d+)?$"}
)
class DollarsField(serializers.IntegerField):
    """Nanodollars, represented as an exact decimal number of US dollars."""

    def to_representation(self, value: Any) -> Any:
        return dollars(value)
