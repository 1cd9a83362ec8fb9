"""A model's arguments against a tool's schema, neither of which can be trusted."""

import time
from typing import Any

import pytest

from agentarium.runtime.tools.base import ToolError
from agentarium.runtime.tools.schema import ArgumentsSchema, SchemaError

WEATHER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "minLength": 1},
        "days": {"type": "integer", "minimum": 1, "maximum": 7},
    },
    "required": ["city"],
    "additionalProperties": False,
}


def complaint(schema: dict[str, Any], text: str) -> str:
    with pytest.raises(ToolError) as failed:
        ArgumentsSchema(schema).read(text)
    return str(failed.value)


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


def test_reads_arguments_that_fit() -> None:
    arguments = ArgumentsSchema(WEATHER).read(' {"city": "Ulm", "days": 3} ')

    assert arguments == {"city": "Ulm", "days": 3}


@pytest.mark.parametrize("text", ["", "  ", "{}"])
def test_takes_nothing_for_no_arguments(text: str) -> None:
    assert ArgumentsSchema({}).read(text) == {}


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
        ("null", "object"),
        ('{"city": "Ulm"', "JSON"),
        ('{"city": NaN}', "JSON"),
        ('{"city": "\\ud800"}', "JSON"),
        ("{'city': 'Ulm'}", "JSON"),
        ("[" * 100_000, "JSON"),
    ],
)
def test_names_what_is_wrong(text: str, named: str) -> None:
    assert named in complaint(WEATHER, text)


def test_refuses_arguments_without_an_end() -> None:
    assert "too long" in complaint(WEATHER, '{"city": "' + "x" * 2_000_000)


def test_tells_a_few_of_many_errors() -> None:
    schema = {"type": "object", "additionalProperties": {"type": "integer"}}
    text = "{" + ",".join(f'"k{number}": "x"' for number in range(20)) + "}"

    assert "And 15 more." in complaint(schema, text)


def test_a_pattern_takes_no_longer_than_its_text() -> None:
    evil = {"type": "object", "properties": {"a": {"pattern": "^(a+)+$"}}}
    began = time.monotonic()

    assert "a" in complaint(evil, '{"a": "' + "a" * 50_000 + '!"}')
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": ["object", "null"]},
        {"properties": {}},
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
def test_refuses_a_schema_that_cannot_be_used(schema: dict[str, Any]) -> None:
    with pytest.raises(SchemaError) as refused:
        ArgumentsSchema(schema)

    assert "passwd" not in str(refused.value)


def test_takes_a_schema_that_refers_to_itself() -> None:
    tree = {
        "type": "object",
        "properties": {"kids": {"type": "array", "items": {"$ref": "#"}}},
    }

    ArgumentsSchema(tree).read('{"kids": [{"kids": []}]}')
    assert "kids" in complaint(tree, '{"kids": [{"kids": 1}]}')
