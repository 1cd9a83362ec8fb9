"""Requests that name many objects, and their response."""

from typing import Any

from rest_framework import serializers

MAX_IDS = 1000


class CountSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="Number of tasks affected.")
