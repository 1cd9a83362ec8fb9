"""Untrusted arguments, checked against untrusted schemas."""

from typing import Any

import pytest

from agentarium.runtime.tools.base import ToolError
from agentarium.runtime.tools.schema import ArgumentsSchema
from agentarium.runtime.tools.schema_validator import SchemaError

WEATHER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "minLength": 1},
        "days": {"type": "integer", "minimum": 1, "maximum": 7},
    },
    "required": ["city"],
    "additionalProperties": False,
}


async def error_message(schema: dict[str, Any], text: str) -> str:
    with pytest.raises(ToolError) as caught:
        await ArgumentsSchema(schema).read(text, owner=1)
    return str(caught.value)


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


async def test_reads_valid_arguments() -> None:
    arguments = await ArgumentsSchema(WEATHER).read(
        ' {"city": "Ulm", "days": 3} ', owner=1
    )

    assert arguments == {"city": "Ulm", "days": 3}


@pytest.mark.parametrize("text", ["", "  ", "{}"])
async def test_accepts_an_empty_string_as_no_arguments(text: str) -> None:
    assert await ArgumentsSchema({}).read(text, owner=1) == {}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{}", "city"),
        ('{"city": ""}', "city"),
        ('{"city": 7}', "city"),
        ('{"city": "Ulm", "days": 8}', "days"),
        ('{"city": "Ulm", "day": 1}', "day"),
        ("[]", "object"),
        ('"Ulm"', "object"),
        ("null", "city"),
        ('{"city": "Ulm"', "JSON"),
        ('{"city": NaN}', "JSON"),
        ('{"city": "\\ud800"}', "JSON"),
        ("{'city': 'Ulm'}", "JSON"),
        ("[" * 100_000, "JSON"),
    ],
)
async def test_names_the_invalid_argument(text: str, named: str) -> None:
    assert named in await error_message(WEATHER, text)


async def test_rejects_arguments_with_too_many_values() -> None:
    text = '{"city": [' + "[]," * 100_000 + "[]]}"

    assert "too many arrays" in await error_message(WEATHER, text)


async def test_rejects_arguments_that_are_too_long() -> None:
    assert "too long" in await error_message(WEATHER, '{"city": "' + "x" * 2_000_000)


async def test_limits_the_number_of_errors_in_a_message() -> None:
    schema = {"type": "object", "additionalProperties": {"type": "integer"}}
    text = "{" + ",".join(f'"k{number}": "x"' for number in range(20)) + "}"

    assert "And 15 more." in await error_message(schema, text)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": ["array", "null"]},
        {"type": [], "properties": {}},
        {"type": "object", "properties": []},
        {"type": "object", "properties": {"a": {"type": "text"}}},
        {"type": "object", "required": "a"},
        {"type": "object", "properties": {"a": {"pattern": "("}}},
        {"type": "object", "properties": {"a": {"pattern": "(?=a)b"}}},
        {"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1/x"}}},
        {"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/missing"}}},
        {"type": "object", "description": "x" * 60_000},
        {"type": "object", "default": object()},
        nested(300),
    ],
)
def test_rejects_a_schema_that_cannot_be_used(schema: dict[str, Any]) -> None:
    with pytest.raises(SchemaError) as caught:
        ArgumentsSchema(schema).require_usable(owner=1)

    assert "passwd" not in str(caught.value)


async def test_accepts_a_schema_that_refers_to_itself() -> None:
    tree = {
        "type": "object",
        "properties": {"kids": {"type": "array", "items": {"$ref": "#"}}},
    }

    await ArgumentsSchema(tree).read('{"kids": [{"kids": []}]}', owner=1)
    assert "kids" in await error_message(tree, '{"kids": [{"kids": 1}]}')
