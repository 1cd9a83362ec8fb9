"""The representation of an object, without a new serializer for each."""

from functools import cache
from typing import Any

from rest_framework.serializers import Serializer


def represent(serializer: type[Serializer[Any]], value: Any) -> dict[str, Any]:
    """`serializer(value).data`, for serializers that need no context.

    REST framework builds the fields for each serializer object again, which costs more
    than routing and authenticating the request.
    """
    data: dict[str, Any] = _instance(serializer).to_representation(value)
    return data


@cache
def _instance(serializer: type[Serializer[Any]]) -> Serializer[Any]:
    return serializer()
