"""How much work a JSON schema can make, counted before it is compiled.

Applicators in the same place multiply each other through `$ref`: forty definitions, each
twice the one before, are 2^40 checks of one value. So they are counted as if each `$ref`
were written out, and a schema with too many is refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from agentarium.runtime.tools.schema_costs.known_keywords import has_known_keywords
from agentarium.runtime.tools.schema_costs.pattern_states import PatternStates

MAX_SUBSCHEMAS = 5_000
MAX_DEPTH = 100

# Nanoseconds for each byte of the arguments, from the slowest inputs that were found.
_NS_KEYWORD = 50
_NS_PATTERN_STATE = 60
_NS_MULTIPLE_OF = 6_000

_IN_PLACE = frozenset(
    (
        *("allOf", "anyOf", "oneOf", "not", "if", "then", "else"),
        *("dependentSchemas", "dependencies"),
    )
)
_CHILDREN = frozenset(
    (
        *("properties", "patternProperties", "items", "prefixItems", "contains"),
        *("additionalProperties", "additionalItems", "propertyNames"),
        *("unevaluatedItems", "unevaluatedProperties"),
    )
)
_LISTS = frozenset({"enum", "required", "type"})
# They look at what the parts of the same place have evaluated, which repeats the parts.
_REPEATING = frozenset({"unevaluatedItems", "unevaluatedProperties"})
# Other values that are objects: of properties, schemas.
_OBJECTS_OF_SCHEMAS = frozenset(
    {"properties", "patternProperties", "dependentSchemas", "dependencies"}
)


class CostlySchemaError(ValueError):
    """A schema that makes too much work; the message says why."""


@dataclass(frozen=True, slots=True)
class SchemaCost:
    """`ns_per_byte` is an upper bound for checking one byte of the arguments.

    It holds only if `is_bounded`: a schema that refers to itself follows the arguments,
    and of some keywords the cost is not known.
    """

    ns_per_byte: int
    is_bounded: bool


def schema_cost(schema: dict[str, Any]) -> SchemaCost:
    """Count a schema. Raises `CostlySchemaError` if it must not be compiled."""
    count = _Count(schema)
    work = count.total(schema, 0)
    is_bounded = count.is_bounded and has_known_keywords(schema)
    return SchemaCost(work.ns_per_byte, is_bounded)


@dataclass(frozen=True, slots=True)
class _Work:
    subschemas: int
    ns_per_byte: int


@dataclass(slots=True)
class _Place:
    """What checks one value: a subschema with all that its applicators add to it."""

    subschemas: int = 1
    ns_per_byte: int = _NS_KEYWORD
    children: list[dict[str, Any]] = field(default_factory=list)

    def add(self, other: "_Place") -> None:
        self.subschemas += other.subschemas
        self.ns_per_byte += other.ns_per_byte
        self.children += other.children
        if self.subschemas + len(self.children) > MAX_SUBSCHEMAS:
            raise _too_many()


class _Count:
    def __init__(self, root: dict[str, Any]) -> None:
        self.is_bounded = True
        self._root = root
        self._places: dict[int, _Place] = {}
        self._totals: dict[int, _Work] = {}
        self._open_places: set[int] = set()
        self._patterns = PatternStates()
        self._open_totals: set[int] = set()

    def total(self, node: dict[str, Any], depth: int) -> _Work:
        """The work of a subschema with everything below it, each `$ref` written out."""
        key = id(node)
        if key in self._totals:
            return self._totals[key]
        place = self._place(node, depth)
        subschemas, ns = place.subschemas, place.ns_per_byte
        self._open_totals.add(key)
        for child in place.children:
            if id(child) in self._open_totals:
                self.is_bounded = False
                continue
            work = self.total(child, depth + 1)
            subschemas += work.subschemas
            ns += work.ns_per_byte
            if subschemas > MAX_SUBSCHEMAS:
                raise _too_many()
        self._open_totals.discard(key)
        self._totals[key] = _Work(subschemas, ns)
        return self._totals[key]

    def _place(self, node: dict[str, Any], depth: int) -> _Place:
        key = id(node)
        if key in self._places:
            return self._places[key]
        if depth > MAX_DEPTH:
            raise CostlySchemaError("The schema is nested too deeply.")
        if key in self._open_places:
            raise CostlySchemaError(
                "The schema refers to itself without going into a property or an item."
            )
        self._open_places.add(key)
        self._places[key] = self._new_place(node, depth)
        self._open_places.discard(key)
        return self._places[key]

    def _new_place(self, node: dict[str, Any], depth: int) -> _Place:
        place = _Place()
        parts: list[dict[str, Any]] = []
        for name, value in node.items():
            place.ns_per_byte += self._keyword_cost(name, value)
            if name in _CHILDREN:
                place.children += _schemas(name, value)
            elif name in _IN_PLACE:
                parts += _schemas(name, value)
            elif name == "$ref":
                parts += self._target(value)
        for part in parts:
            place.add(self._place(part, depth + 1))
        if not _REPEATING.isdisjoint(node):
            place.add(place)
        return place

    def _target(self, reference: Any) -> list[dict[str, Any]]:
        target = target_of(self._root, reference)
        if isinstance(target, dict):
            return [target]
        self.is_bounded = False
        return []

    def _keyword_cost(self, name: str, value: Any) -> int:
        if name in _LISTS and isinstance(value, list):
            return _NS_KEYWORD * (1 + len(value))
        if name == "dependentRequired" and isinstance(value, dict):
            lists = (names for names in value.values() if isinstance(names, list))
            return _NS_KEYWORD * (1 + sum(map(len, lists)))
        if name == "multipleOf":
            return _NS_MULTIPLE_OF
        if name == "pattern" and isinstance(value, str):
            return self._patterns.states(value) * _NS_PATTERN_STATE
        if name == "patternProperties" and isinstance(value, dict):
            return sum(map(self._patterns.states, value)) * _NS_PATTERN_STATE
        return _NS_KEYWORD


def _too_many() -> CostlySchemaError:
    return CostlySchemaError(
        f"The schema has more than {MAX_SUBSCHEMAS:,} parts, if each $ref is written out."
    )


def _schemas(name: str, value: Any) -> Iterable[dict[str, Any]]:
    """The schemas in the value of a keyword; none if it has another form."""
    if isinstance(value, list):
        return [item for item in value if isinstance(item, dict)]
    if not isinstance(value, dict):
        return []
    if name in _OBJECTS_OF_SCHEMAS:
        return [item for item in value.values() if isinstance(item, dict)]
    return [value]


def target_of(root: dict[str, Any], reference: Any) -> Any:
    """What a plain JSON pointer points to; None for other references."""
    if reference == "#":
        return root
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return None
    if "%" in reference:
        # The validator decodes before it splits, so that `%2F` separates, too.
        return None
    target: Any = root
    for part in reference[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(target, dict):
            target = target.get(name)
        elif isinstance(target, list) and name.isdecimal() and len(name) < 6:
            target = target[int(name)] if int(name) < len(target) else None
        else:
            return None
    return target
