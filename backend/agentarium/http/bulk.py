"""Requests that name many objects, and what they are answered with."""

from typing import Any

from rest_framework import serializers

MAX_IDS = 1000


class CountSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="How many tasks it was done to.")
