"""How much work a schema can make, counted before it is compiled."""

import json
from typing import Any

import pytest

from agentarium.runtime.tests.test_hostile_schemas import (
    FILTERS,
    TREE,
    WIDE,
    Schema,
    doubling,
    with_property,
)
from agentarium.runtime.tools.schema_costs.cost import MAX_SUBSCHEMAS, schema_cost
from agentarium.runtime.tools.schema_costs.pattern_states import (
    MAX_STATES,
    PatternStates,
)

EVERY_KNOWN_KEYWORD: Schema = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "title": "A",
    "description": "B",
    "$comment": "C",
    "$defs": {"a.b-c_1": {"type": ["string", "null"], "format": "email"}},
    "definitions": {"d": {"minLength": 1, "maxLength": 9, "pattern": "^[a-z]+$"}},
    "properties": {
        "a": {"$ref": "#/$defs/a.b-c_1", "default": None, "examples": ["x"]},
        "b": {"$ref": "#/definitions/d", "deprecated": True, "readOnly": True},
        "c": {"items": {"minimum": 1, "exclusiveMaximum": 2.5}, "maxItems": 5},
        "d": {"enum": [1, "x", {"y": []}], "writeOnly": False},
        "e": {"const": {"unknown": 1}},
        "f": {"multipleOf": 5, "exclusiveMinimum": 0, "maximum": 100},
        "g": {"prefixItems": [{}, True], "contains": {}, "minContains": 1},
        "h": {"anyOf": [{"type": "string"}, False], "oneOf": [{}], "allOf": [{}]},
        "i": {"if": {}, "then": {}, "else": {}, "not": False, "minItems": 0},
    },
    "patternProperties": {"^x-": {}},
    "additionalProperties": False,
    "propertyNames": {"maxLength": 40},
    "required": ["a"],
    "dependentRequired": {"a": ["b"]},
    "dependentSchemas": {"a": {"minProperties": 1}},
    "maxProperties": 20,
}


class TestCost:
    def test_counts_each_reference_as_if_it_were_written_out(self) -> None:
        one = schema_cost(doubling("allOf", 3, {}))
        other = schema_cost(doubling("allOf", 4, {}))

        assert 1.5 < other.ns_per_byte / one.ns_per_byte < 2.5

    @pytest.mark.parametrize(
        ("schema", "is_bounded"),
        [
            (WIDE, True),
            (doubling("allOf", 4, {}), True),
            (EVERY_KNOWN_KEYWORD, True),
            (FILTERS, False),
            (TREE, False),
            (with_property(**{"$id": "https://example.com/a"}), False),
            (with_property(**{"$ref": "#anchor"}), False),
            (with_property(**{"$dynamicRef": "#anchor"}), False),
            (with_property(unevaluatedProperties=False), False),
            (with_property(uniqueItems=True), False),
            (with_property(contentMediaType="application/json"), False),
            (with_property(unknown={}), False),
            (with_property(**{"$ref": "#/properties/a/items"}, items={}), False),
            (with_property(**{"$ref": "#/$defs/a/b"}), False),
            (with_property(**{"$ref": "#/$defs/a~1b"}), False),
            (with_property(**{"$schema": "http://example.com/s"}), False),
            ({"$schema": "http://example.com/s"}, False),
            ({"$id": "https://json-schema.org/draft/2020-12/schema"}, False),
            ({"$defs": {"unused": {"$id": "https://example.com/a"}}}, False),
            ({"$defs": {"unused": {"not": {"else": {"unknown": 1}}}}}, False),
            ({"$defs": []}, False),
            # Values of a wrong form: the meta-schema is checked, too.
            ({"required": [1e300 + number * 1e285 for number in range(9)]}, False),
            ({"dependentRequired": {"a": [10**40, 10**40 + 1]}}, False),
            (with_property(type=[10**17, 10**17 + 1]), False),
            (with_property(type=["string"] * 8), False),
            (with_property(minimum=10**40), False),
            (with_property(minimum=True), False),
            (with_property(minimum=float("inf")), False),
            (with_property(maxLength=1.5), False),
            (with_property(items=[{}]), False),
            # Divisors whose quotients have hundreds of digits.
            (with_property(multipleOf=0.01), True),
            (with_property(multipleOf=5e-324), False),
            (with_property(multipleOf=1e-300), False),
            (with_property(multipleOf=1e300), False),
            (with_property(multipleOf=10**400), False),
        ],
    )
    def test_is_bounded_unless_the_schema_follows_the_arguments(
        self, schema: Schema, *, is_bounded: bool
    ) -> None:
        assert schema_cost(schema).is_bounded is is_bounded

    def test_of_many_subschemas_is_more_than_the_limit(self) -> None:
        parts: Schema = {str(number): {} for number in range(MAX_SUBSCHEMAS + 1)}

        with pytest.raises(ValueError, match="parts"):
            schema_cost({"properties": parts})

    @pytest.mark.parametrize(
        ("pattern", "states"),
        [
            ("", 0),
            ("abc", 3),
            ("a{3}b", 4),
            ("a{2,}b{0,3}", 5),
            ("(ab){10}", 20),
            ("((ab){10}c){10}", 210),
            ("[a-z(]{4}", 4),
            (r"\({2}\d", 12),
            ("(a{1,100}){1,100}b", 10_001),
            ("(" * 100, 0),
            ("a)" * 100, 200),
            ("(a{99999999}){99999999}", MAX_STATES),
            ("a" * 501, MAX_STATES),
            (r"\p{L}", MAX_STATES),
            (r"[^a\P{Greek}]", MAX_STATES),
            ("(?i)k", MAX_STATES),
            ("(?<name>k)", MAX_STATES),
            ("(?:ab){2}", 8),
        ],
    )
    def test_of_a_pattern_is_the_size_of_its_automaton(
        self, pattern: str, states: int
    ) -> None:
        assert PatternStates().states(pattern) in (states + 20, MAX_STATES)
        assert (PatternStates().states(pattern) < MAX_STATES) == (states < MAX_STATES)


def test_does_not_trust_a_reference_that_the_validator_decodes() -> None:
    """The validator decodes before it splits: `%2F` separates names for it."""
    text = json.dumps(doubling("allOf", 40, {"type": "object"}))
    hidden = json.loads(text.replace("#/$defs/", "#/$defs%2F"))
    decoys: dict[str, Any] = {f"$defs/a{level}": {} for level in range(41)}

    assert not schema_cost({**hidden, **decoys}).is_bounded
