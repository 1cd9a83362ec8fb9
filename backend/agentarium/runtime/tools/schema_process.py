"""The utility process that checks arguments and describes what is wrong with them.

It is asked when that may take long: deciding follows the schema once, but listing the
errors of alternatives takes time that is exponential in the nesting of the arguments.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

from agentarium.runtime.tools.schema_costs.cost import target_of
from agentarium.runtime.tools.schema_validator import (
    SchemaError,
    compiled,
    described_errors,
    validators_by_pointer,
)
from agentarium.runtime.utility_process.server import serve

MEMORY_BYTES = 512_000_000
_MAX_PATH = 50
_MAX_PARTS = 100

Path = list[str | int]


def handle(request: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Compile `schema`; if there are `arguments`, decide, locate, and describe.

    Both are JSON texts. Each answer adds to the one before.
    """
    schema = json.loads(request["schema"])
    try:
        validator = compiled(schema)
    except SchemaError as error:
        yield {"schema_error": str(error)}
        return
    yield {"is_usable": True}
    if "arguments" not in request:
        return
    arguments = json.loads(request["arguments"])
    is_valid = validator.is_valid(arguments)
    yield {"is_valid": is_valid}
    if not is_valid:
        yield {"path": _path_of_first_error(schema, arguments)}
        yield {"errors": described_errors(validator, arguments)}


def _path_of_first_error(schema: dict[str, Any], arguments: Any) -> Path:
    """As far as properties and items lead to it; not into alternatives."""
    validators = validators_by_pointer(schema)
    path: Path = []
    place, value = "", arguments
    while len(path) < _MAX_PATH:
        step = next(_invalid_children(schema, validators, place, value), None)
        if step is None:
            break
        place, key = step
        path.append(key)
        value = value[key]
    return path


def _invalid_children(
    schema: dict[str, Any],
    validators: jsonschema_rs.ValidatorMap,
    place: str,
    value: Any,
) -> Iterator[tuple[str, str | int]]:
    """Pointers to subschemas that a property or item does not match, and its name."""
    for child, key in _children(schema, place, value):
        validator = validators.get(f"#{child}")
        if validator is not None and not validator.is_valid(value[key]):
            yield child, key


def _children(
    schema: dict[str, Any], place: str, value: Any
) -> Iterator[tuple[str, str | int]]:
    for part, node in _parts(schema, place):
        properties, items = node.get("properties"), node.get("items")
        if isinstance(properties, Mapping) and isinstance(value, Mapping):
            for name in properties.keys() & value.keys():
                yield f"{part}/properties/{_escaped(name)}", name
        if isinstance(items, Mapping) and isinstance(value, list):
            yield from ((f"{part}/items", number) for number in range(len(value)))


def _parts(schema: dict[str, Any], place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The subschemas that a value at this place has to match, all of them."""
    places = [place]
    for part in places:
        node = target_of(schema, f"#{part}")
        if isinstance(node, dict):
            yield part, node
            reference = node.get("$ref")
            if isinstance(reference, str) and reference.startswith("#"):
                places.append(reference[1:])
            parts = node.get("allOf")
            if isinstance(parts, list):
                places += [f"{part}/allOf/{number}" for number in range(len(parts))]
        del places[_MAX_PARTS:]


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


if __name__ == "__main__":
    serve(handle, memory_bytes=MEMORY_BYTES)
