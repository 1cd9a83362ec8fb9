"""Schemas of tools, in the forms that validators and providers accept."""

from typing import Any

import orjson
import pytest

from agentarium.runtime import schema_forms
from agentarium.runtime.schema_forms import accepted_schema, current_draft
from agentarium.runtime.tools.base import ToolSpec
from agentarium.runtime.tools.schema import ArgumentsSchema

Schema = dict[str, Any]
TEXT, NUMBER = {"type": "string"}, {"type": "number"}
EMPTY = {"type": "object", "properties": {}}
PERSON = {"type": "object", "properties": {"name": TEXT}, "required": ["name"]}


@pytest.mark.parametrize(
    ("schema", "accepted"),
    [
        ({}, EMPTY),
        ({"type": "object"}, EMPTY),
        ({"type": ["object", "null"]}, EMPTY),
        (
            {"type": "object", "$schema": "http://json-schema.org/draft-07/schema#"},
            EMPTY,
        ),
        ({"properties": {"name": TEXT}, "required": ["name"]}, PERSON),
        (
            {"$ref": "#/$defs/P", "$defs": {"P": PERSON}},
            PERSON | {"$defs": {"P": PERSON}},
        ),
        (
            {"$ref": "#/definitions/P", "definitions": {"P": PERSON}},
            PERSON | {"definitions": {"P": PERSON}},
        ),
        ({"$ref": "#"}, EMPTY),
        ({"$ref": "#/$defs/gone"}, EMPTY),
        (
            {"allOf": [PERSON, {"properties": {"age": NUMBER}}]},
            PERSON | {"properties": {"name": TEXT, "age": NUMBER}},
        ),
        (
            {"anyOf": [PERSON, {"properties": {"id": NUMBER}, "required": ["id"]}]},
            {"type": "object", "properties": {"name": TEXT, "id": NUMBER}},
        ),
        (
            {"oneOf": [PERSON, PERSON | {"properties": {"name": NUMBER}}]},
            PERSON | {"properties": {"name": {"anyOf": [TEXT, NUMBER]}}},
        ),
        ({"anyOf": [PERSON, {"type": "null"}]}, PERSON),
        (PERSON | {"required": ["name", "gone"]}, PERSON),
        (
            PERSON | {"required": ["gone"]},
            {"type": "object", "properties": {"name": TEXT}},
        ),
    ],
)
def test_the_root_is_an_object_with_properties(
    schema: Schema, accepted: Schema
) -> None:
    assert accepted_schema(schema) == accepted


@pytest.mark.parametrize(
    ("part", "accepted"),
    [
        ({"type": "object"}, EMPTY),
        ({"type": "array"}, {"type": "array", "items": {}}),
        (True, {}),
        ({"minimum": 0, "exclusiveMinimum": True}, {"exclusiveMinimum": 0}),
        ({"minimum": 0, "exclusiveMinimum": False}, {"minimum": 0}),
        ({"maximum": 9, "exclusiveMaximum": True}, {"exclusiveMaximum": 9}),
        ({"exclusiveMaximum": 9}, {"exclusiveMaximum": 9}),
        ({"type": "string", "required": True}, TEXT),
        ({"items": [TEXT]}, {"prefixItems": [TEXT]}),
        ({"enum": [{"type": "object"}]}, {"enum": [{"type": "object"}]}),
        ({"default": {"type": "array"}}, {"default": {"type": "array"}}),
    ],
)
@pytest.mark.parametrize(
    "around",
    [
        lambda part: {"properties": {"a": part}},
        lambda part: {
            "properties": {"a": {"type": "object", "properties": {"b": part}}}
        },
        lambda part: {"properties": {"a": {"anyOf": [part, TEXT]}}},
        lambda part: {"properties": {"type": {"type": "array", "items": part}}},
        lambda part: {"$defs": {"a": part}, "properties": {}},
    ],
)
def test_parts_have_the_keywords_that_providers_require(
    part: Any, accepted: Any, around: Any
) -> None:
    if part is True:
        around = lambda part: {"properties": {"a": part}}  # noqa: E731

    assert accepted_schema(around(part)) == {"type": "object"} | around(accepted)


@pytest.mark.parametrize(
    ("schema", "valid", "invalid"),
    [
        (
            {"properties": {"n": {"minimum": 0, "exclusiveMinimum": True}}},
            {"n": 1},
            {"n": 0},
        ),
        ({"anyOf": [PERSON, {"required": ["id"]}]}, {"id": 1}, {}),
        ({"$ref": "#/$defs/P", "$defs": {"P": PERSON}}, {"name": "Ada"}, {}),
        (
            {"properties": {"l": {"items": [TEXT, NUMBER]}}},
            {"l": ["a", 1]},
            {"l": [1, "a"]},
        ),
    ],
)
def test_arguments_are_checked_by_the_whole_schema(
    schema: Schema, valid: Any, invalid: Any
) -> None:
    validator = ArgumentsSchema(schema)._validator
    assert validator is not None

    assert validator.is_valid(valid)
    assert not validator.is_valid(invalid)


def test_a_definition_has_the_accepted_form() -> None:
    spec = ToolSpec("f", "Does it.", {"$ref": "#/$defs/P", "$defs": {"P": PERSON}})

    assert spec.definition.parameters == PERSON | {"$defs": {"P": PERSON}}


def test_the_original_is_not_changed() -> None:
    schema = {"properties": {"a": {"minimum": 0, "exclusiveMinimum": True}}}
    before = orjson.dumps(schema)

    accepted_schema(schema)
    current_draft(schema)

    assert orjson.dumps(schema) == before


def test_references_that_multiply_are_followed_a_bounded_number_of_times() -> None:
    parts = {str(n): {"allOf": [{"$ref": f"#/$defs/{n + 1}"}] * 50} for n in range(100)}

    root = schema_forms._Root({"$ref": "#/$defs/0", "$defs": parts})

    assert root.as_object()["properties"] == {}
    assert root._parts_left >= -5100


def test_a_schema_that_grows_too_large_allows_any_arguments() -> None:
    large = {"type": "object", "properties": {"x" * 2_000: {"type": "object"}}}
    schema = {"oneOf": [{"properties": {str(n): large}} for n in range(60)]}

    assert accepted_schema(schema) == EMPTY
