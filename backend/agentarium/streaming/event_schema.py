"""The OpenAPI schemas of stream events, one for each type."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, resolve_type_hint
from rest_framework import serializers

from agentarium.tasks.event_data import (
    EVENT_DATA,
    STATUS_EVENT_DATA,
    STREAM_EVENT_DATA,
)


class StreamEventSerializer(serializers.Serializer[Any]):
    """One event of a task's stream."""

    data_types: Mapping[Any, type] = {**EVENT_DATA, **STREAM_EVENT_DATA}


class StatusEventSerializer(StreamEventSerializer):
    """One event of the status feed."""

    data_types: Mapping[Any, type] = {**STATUS_EVENT_DATA, **STREAM_EVENT_DATA}


class StreamEventExtension(OpenApiSerializerExtension):
    """Describes an event by its fields in the stream: type, id, and data as JSON."""

    target_class = StreamEventSerializer
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        target: StreamEventSerializer = self.target
        refs = {
            kind.value: _component(auto_schema, kind.value, shape).ref
            for kind, shape in target.data_types.items()
        }
        return {
            "oneOf": list(refs.values()),
            "discriminator": {
                "propertyName": "event",
                "mapping": {kind: ref["$ref"] for kind, ref in refs.items()},
            },
        }


def _component(auto_schema: AutoSchema, kind: str, shape: type) -> ResolvedComponent:
    words = kind.replace(".", "_").split("_")
    component = ResolvedComponent(
        name=f"{''.join(map(str.capitalize, words))}Event",
        type=ResolvedComponent.SCHEMA,
        schema=event_schema(kind, shape),
        object=kind,
    )
    auto_schema.registry.register_on_missing(component)
    return component


def event_schema(kind: str, shape: type) -> dict[str, Any]:
    data = resolve_type_hint(shape)
    for column in data.get("properties", {}).values():
        if column.pop("nullable", False):
            # The library writes OpenAPI 3.0's `nullable`; our schema is 3.1.
            column["type"] = [column["type"], "null"]
    description = (shape.__doc__ or "").strip()
    return {
        "type": "object",
        "properties": {
            "event": {"type": "string", "const": kind},
            "id": {"type": "string", "description": "The cursor after it."},
            "data": {
                "type": "object",
                **data,
                "description": f"{description} Sent as JSON.".strip(),
            },
        },
        "required": ["event", "data"],
    }
