"""Every field of a request body is bounded, so that validating it is bounded work."""

from collections.abc import Iterator
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

SCHEMA = SchemaGenerator().get_schema(request=None, public=True)
COMPONENTS = SCHEMA["components"]["schemas"]
# The limit is a setting.
CONFIGURED = {"TaskRunRequest.input_text"}
# Type -> the keywords, one of which bounds it.
BOUNDS = {
    "array": {"maxItems"},
    "integer": {"maximum"},
    "number": {"maximum"},
    "string": {"maxLength", "enum", "format"},
}


def _bodies() -> Iterator[str]:
    """The names of the components that are request bodies."""
    for verbs in SCHEMA["paths"].values():
        for operation in verbs.values():
            content = operation.get("requestBody", {}).get("content", {})
            for media in content.values():
                yield media["schema"]["$ref"].rpartition("/")[2]


def _unbounded(name: str, schema: dict[str, Any]) -> Iterator[str]:
    """The names of the fields without a bound."""
    if "$ref" in schema:
        schema = COMPONENTS[schema["$ref"].rpartition("/")[2]]
    types = schema.get("type", "")
    for each in types if isinstance(types, list) else [types]:
        if each in BOUNDS and not BOUNDS[each] & schema.keys():
            yield name
    if "items" in schema:
        yield from _unbounded(f"{name}[]", schema["items"])
    for field, value in schema.get("properties", {}).items():
        yield from _unbounded(f"{name}.{field}", value)


@pytest.mark.parametrize("body", sorted(set(_bodies())))
def test_a_body_has_only_bounded_fields(body: str) -> None:
    assert set(_unbounded(body, COMPONENTS[body])) - CONFIGURED == set()
