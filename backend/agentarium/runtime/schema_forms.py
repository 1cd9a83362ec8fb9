"""Brings JSON schemas of tools into the forms that validators and providers accept.

Tools come from many servers, with schemas of any draft and style. All functions return
new schemas, and expect at most a few hundred levels (see `ArgumentsSchema`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson

Schema = dict[str, Any]

# Keywords with schemas: one, a list, or by name. Others hold plain values.
_ONE = frozenset(
    {
        "additionalProperties",
        "contains",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_BY_NAME = frozenset(
    {"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"}
)
_BOUNDS = (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum"))
# Providers refuse these at the root.
_NOT_AT_ROOT = frozenset(
    {"$id", "$ref", "$schema", "allOf", "anyOf", "enum", "not", "oneOf"}
    | {"if", "then", "else", "const", "id", "properties", "required"}
)
_DEFINITIONS = ("$defs", "definitions")
MAX_PARTS = 64
MAX_ACCEPTED_BYTES = 100_000


def current_draft(schema: Mapping[str, Any]) -> Schema:
    """The schema in draft 2020-12, if an older draft is what makes it invalid."""
    return _mapped(schema, _with_current_keywords)


def accepted_schema(schema: Mapping[str, Any]) -> Schema:
    """The schema as all providers accept it: an object with properties.

    It may allow more than the original, by which the arguments are checked: alternatives
    at the root become one object with the properties of all.
    """
    root = current_draft(schema)
    kept: Schema = {name: root[name] for name in _DEFINITIONS if name in root}
    flat = _Root(root).as_object()
    accepted = _mapped({**kept, **flat}, _with_required_keywords)
    return accepted if _is_sendable(accepted) else {"type": "object", "properties": {}}


def _is_sendable(schema: Schema) -> bool:
    try:
        return len(orjson.dumps(schema)) <= MAX_ACCEPTED_BYTES
    except TypeError:
        # It is nested too deeply by now.
        return False


def _mapped(schema: Mapping[str, Any], change: Callable[[Schema], Schema]) -> Schema:
    """The schema in which `change` was applied to each part, the inner ones first."""
    mapped: Schema = {}
    for name, value in schema.items():
        if name in _ONE and isinstance(value, Mapping):
            mapped[name] = _mapped(value, change)
        elif name in _LISTS | {"items"} and isinstance(value, list):
            mapped[name] = [_mapped_part(part, change) for part in value]
        elif name in _BY_NAME and isinstance(value, Mapping):
            parts = value.items()
            mapped[name] = {key: _mapped_part(part, change) for key, part in parts}
        else:
            mapped[name] = value
    return change(mapped)


def _mapped_part(part: Any, change: Callable[[Schema], Schema]) -> Any:
    return _mapped(part, change) if isinstance(part, Mapping) else part


def _with_current_keywords(schema: Schema) -> Schema:
    for exclusive, bound in _BOUNDS:
        # In draft 4, a flag says whether the bound itself is excluded.
        is_excluded = schema.get(exclusive)
        if isinstance(is_excluded, bool):
            del schema[exclusive]
            if is_excluded and bound in schema:
                schema[exclusive] = schema.pop(bound)
    if isinstance(schema.get("items"), list):
        schema["prefixItems"] = schema.pop("items")
        if "additionalItems" in schema:
            schema["items"] = schema.pop("additionalItems")
    if isinstance(schema.get("required"), bool):
        # In draft 3, each property said whether it is required.
        del schema["required"]
    return schema


def _with_required_keywords(schema: Schema) -> Schema:
    kind = schema.get("type")
    if kind == "object":
        schema.setdefault("properties", {})
    if kind == "array" and "prefixItems" not in schema:
        schema.setdefault("items", {})
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        schema["properties"] = {
            name: {} if part is True else part for name, part in properties.items()
        }
        known = [name for name in schema.pop("required", ()) if name in properties]
        if known:
            schema["required"] = known
    return schema


class _Root:
    """The root of a schema, whose references and alternatives become one object.

    The number of parts is bounded: references can multiply them without end.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._parts_left = MAX_PARTS

    def as_object(self) -> Schema:
        return self._as_object(self._schema)

    def _as_object(self, schema: Any) -> Schema:
        self._parts_left -= 1
        if self._parts_left < 0 or not isinstance(schema, Mapping):
            return {"type": "object", "properties": {}}
        choices = [
            self._as_object(choice)
            for name in ("anyOf", "oneOf")
            for choice in _parts(schema, name)
            if not _is_null(choice)
        ]
        return _merged([schema, *self._required_parts(schema)], choices)

    def _required_parts(self, schema: Mapping[str, Any]) -> Iterator[Schema]:
        """The schemas that hold together with this one."""
        if "$ref" in schema:
            yield self._as_object(_referenced(schema["$ref"], self._schema))
        for part in _parts(schema, "allOf"):
            yield self._as_object(part)


def _merged(parts: Sequence[Mapping[str, Any]], choices: Sequence[Schema]) -> Schema:
    """One object with the properties of all parts and of all choices."""
    flat: Schema = {}
    properties: Schema = {}
    for part in parts:
        plain = {n: v for n, v in part.items() if n not in _NOT_AT_ROOT}
        flat = plain | flat
        properties = _joined(properties, part.get("properties"))
    required = [name for part in parts for name in part.get("required", ())]
    for choice in choices:
        properties = _joined(properties, choice["properties"])
    if choices:
        named = [set(choice.get("required", ())) for choice in choices]
        required += sorted(set.intersection(*named))
        flat.pop("additionalProperties", None)
    required = list(dict.fromkeys(required))
    flat |= {"type": "object", "properties": properties}
    return flat | ({"required": required} if required else {})


def _parts(schema: Mapping[str, Any], name: str) -> list[Any]:
    parts = schema.get(name)
    return parts if isinstance(parts, list) else []


def _is_null(schema: Any) -> bool:
    return isinstance(schema, Mapping) and schema.get("type") == "null"


def _joined(properties: Schema, others: Any) -> Schema:
    """All properties; one that differs may be either."""
    joined = dict(properties)
    for name, part in (others if isinstance(others, Mapping) else {}).items():
        known = joined.get(name, part)
        joined[name] = part if known == part else {"anyOf": [known, part]}
    return joined


def _referenced(reference: Any, root: Schema) -> Any:
    """The part of the schema that a reference names; {} if there is none."""
    found: Any = root
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return {}
    for key in reference.removeprefix("#/").split("/"):
        name = key.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, Mapping) else None
    return {} if found is None else found
