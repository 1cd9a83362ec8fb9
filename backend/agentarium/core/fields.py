"""Serializer fields that know who asks."""

from typing import Any

from rest_framework import serializers


class VisibleRelatedField(serializers.PrimaryKeyRelatedField[Any]):
    """A related object the caller may see; any other id reads as missing."""

    def get_queryset(self) -> Any:
        queryset: Any = super().get_queryset()
        return queryset.visible_to(self.context["request"].user)
