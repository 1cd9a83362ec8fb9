"""Schemas of arguments as servers write them, in the form of JSON Schema 2020-12.

Servers have schemas of older drafts, or none at all, and leave the type of the arguments
to be understood. Only what has one meaning is rewritten; whether the schema can be used is
decided by `ArgumentsSchema`.
"""

from typing import Any

_MAPS_OF_SCHEMAS = frozenset(
    {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
)
_SCHEMAS = frozenset(
    (
        *("items", "prefixItems", "additionalItems", "contains", "not"),
        *("additionalProperties", "propertyNames", "if", "then", "else"),
        *("allOf", "anyOf", "oneOf", "unevaluatedItems", "unevaluatedProperties"),
    )
)
# Null is a value of these, and of other keywords that they were not given.
_VALUES = frozenset({"default", "const", "example"})


def readable_schema(schema: Any) -> dict[str, Any]:
    """The schema of a tool's arguments; `schema` is changed. Raises `ValueError`."""
    if schema is None:
        return {"type": "object", "properties": {}}
    if not isinstance(schema, dict):
        raise ValueError("Its schema is not an object.")
    _modernize_all(schema)
    # Which draft it was does not matter any more.
    schema.pop("$schema", None)
    kind = schema.get("type", "object")
    if kind != "object" and not (isinstance(kind, list) and "object" in kind):
        raise ValueError("Its schema does not describe an object.")
    _check_properties(schema)
    return {**schema, "type": "object"}


def _check_properties(schema: dict[str, Any]) -> None:
    """Raise `ValueError` for what the SDK does not accept."""
    properties = schema.get("properties", {})
    if not isinstance(properties, dict) or not all(
        isinstance(each, dict | bool) for each in properties.values()
    ):
        raise ValueError("The properties of its schema are not schemas.")
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(
        isinstance(each, str) for each in required
    ):
        raise ValueError("Its schema does not list the required names.")


def _modernize_all(root: dict[str, Any]) -> None:
    unseen: list[dict[str, Any]] = [root]
    while unseen:
        schema = unseen.pop()
        _modernize(schema)
        for name, value in schema.items():
            if name in _MAPS_OF_SCHEMAS and isinstance(value, dict):
                unseen += [each for each in value.values() if isinstance(each, dict)]
            elif name in _SCHEMAS and isinstance(value, dict):
                unseen.append(value)
            elif name in _SCHEMAS and isinstance(value, list):
                unseen += [each for each in value if isinstance(each, dict)]


def _modernize(schema: dict[str, Any]) -> None:
    for name in [name for name, value in schema.items() if value is None]:
        if name not in _VALUES:
            del schema[name]
    for bound in ("minimum", "maximum"):
        _make_exclusive(schema, bound, f"exclusive{bound.capitalize()}")
    if isinstance(schema.get("items"), list):
        schema["prefixItems"] = schema.pop("items")
        if "additionalItems" in schema:
            schema["items"] = schema.pop("additionalItems")


def _make_exclusive(schema: dict[str, Any], bound: str, exclusive: str) -> None:
    """Until draft 4, a bound was exclusive if a flag next to it said so."""
    is_exclusive = schema.get(exclusive)
    if not isinstance(is_exclusive, bool):
        return
    del schema[exclusive]
    if is_exclusive and bound in schema:
        schema[exclusive] = schema.pop(bound)
