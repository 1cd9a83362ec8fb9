"""What a serializer shows, without making the serializer anew."""

from functools import cache
from typing import Any

from rest_framework.serializers import Serializer


def represent(serializer: type[Serializer[Any]], value: Any) -> dict[str, Any]:
    """`serializer(value).data`, for serializers that need no context.

    REST framework builds the fields of each serializer object from its model again:
    more work than finding out who asks, and what for.
    """
    shown: dict[str, Any] = _made(serializer).to_representation(value)
    return shown


@cache
def _made(serializer: type[Serializer[Any]]) -> Serializer[Any]:
    return serializer()
