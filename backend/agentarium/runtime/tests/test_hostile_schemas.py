"""Schemas and arguments that were made to take long."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from agentarium.runtime.tools import schema as schema_module
from agentarium.runtime.tools.base import ToolError
from agentarium.runtime.tools.schema import ArgumentsSchema
from agentarium.runtime.tools.schema_validator import SchemaError
from agentarium.runtime.utility_process.pool import Outcome, UtilityPool

Schema = dict[str, Any]
PROCESS = "agentarium.runtime.tools.schema_process"


def doubling(applicator: str, levels: int, leaf: Schema) -> Schema:
    definitions: Schema = {"a0": leaf}
    for level in range(1, levels + 1):
        reference = {"$ref": f"#/$defs/a{level - 1}"}
        definitions[f"a{level}"] = {applicator: [reference, reference]}
    root = {"$ref": f"#/$defs/a{levels}"}
    return {"type": "object", "$defs": definitions, applicator: [root]}


def doubling_properties(levels: int) -> Schema:
    definitions: Schema = {"a0": {"type": "object"}}
    for level in range(1, levels + 1):
        below = {"properties": {"x": {"$ref": f"#/$defs/a{level - 1}"}}}
        definitions[f"a{level}"] = {"allOf": [below, below]}
    return {"type": "object", "$defs": definitions, "$ref": f"#/$defs/a{levels}"}


def nested(levels: int, key: str, **siblings: Any) -> Schema:
    schema: Schema = {"properties": {"x": True}}
    for _ in range(levels):
        schema = {key: [schema], **siblings}
    return {"type": "object", **schema}


def with_property(**schema: Any) -> Schema:
    return {"type": "object", "properties": {"a": schema}}


# A boolean expression over conditions, as search tools have it.
FILTERS: Schema = {
    "type": "object",
    "properties": {"filter": {"$ref": "#/$defs/filter"}},
    "$defs": {
        "filter": {
            "anyOf": [
                *(
                    {
                        "type": "object",
                        "properties": {
                            "op": {"const": name},
                            "args": {
                                "type": "array",
                                "items": {"$ref": "#/$defs/filter"},
                            },
                        },
                        "required": ["op", "args"],
                    }
                    for name in ("and", "or", "xor")
                ),
                {
                    "type": "object",
                    "properties": {"field": {"type": "string"}},
                    "required": ["field"],
                },
            ]
        }
    },
}
ANY_JSON: Schema = {
    "type": "object",
    "additionalProperties": {"$ref": "#/$defs/json"},
    "$defs": {
        "json": {
            "anyOf": [
                {"type": ["string", "number", "boolean", "null"]},
                {"type": "array", "items": {"$ref": "#/$defs/json"}},
                {"type": "object", "additionalProperties": {"$ref": "#/$defs/json"}},
            ]
        }
    },
}
TREE: Schema = {"type": "object", "properties": {"kids": {"items": {"$ref": "#"}}}}
WIDE: Schema = {
    "type": "object",
    "properties": {
        f"p{number}": {"type": "array", "items": {"type": "string"}}
        for number in range(300)
    },
}


def filters(depth: int, leaf: Any) -> Schema:
    for _ in range(depth):
        leaf = {"op": "and", "args": [leaf]}
    return {"filter": leaf}


class FakePool:
    """Answers each request with the outcomes of the test, and keeps the requests."""

    def __init__(self, *answers: Any) -> None:
        self.outcome = Outcome([*answers], "timeout")
        self.requests: list[Any] = []

    async def ask(self, request: Any, *, owner: int, beginning: Any) -> Outcome:
        self.requests.append(request)
        return self.outcome


@pytest.fixture
def hasty_pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[UtilityPool]:
    """The real processes, with less time than what does not end in a second needs."""
    pool = UtilityPool(PROCESS, seconds=0.5)
    monkeypatch.setattr(schema_module, "schema_pool", pool)
    yield pool
    pool.close()


async def error_of(schema: Schema, arguments: Any) -> str:
    with pytest.raises(ToolError) as caught:
        await ArgumentsSchema(schema).check(arguments, owner=1)
    return str(caught.value)


class TestRefusal:
    @pytest.mark.parametrize(
        "schema",
        [
            doubling("allOf", 26, {"type": "object"}),
            doubling("allOf", 40, {"type": "object"}),
            doubling("anyOf", 18, {"required": ["missing"]}),
            doubling("oneOf", 30, {"type": "object"}),
            doubling_properties(26),
            nested(60, "allOf", unevaluatedProperties=False),
            nested(60, "anyOf", unevaluatedProperties=False),
            nested(101, "allOf"),
            {"type": "object", "$ref": "#"},
            {
                "type": "object",
                "$ref": "#/$defs/a",
                "$defs": {
                    "a": {"$ref": "#/$defs/b"},
                    "b": {"not": {"$ref": "#/$defs/a"}},
                },
            },
            with_property(**{"$ref": "#/$defs/0"})
            | {"$defs": {str(n): {"$ref": f"#/$defs/{n + 1}"} for n in range(1_000)}},
        ],
    )
    def test_comes_before_compiling(
        self, schema: Schema, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(schema_module, "compiled", pytest.fail)
        monkeypatch.setattr(schema_module, "schema_pool", None)

        with pytest.raises(SchemaError):
            ArgumentsSchema(schema)

    @pytest.mark.parametrize(
        "malformed",
        [
            {"allOf": {}},
            {"allOf": [[]]},
            {"allOf": "x"},
            {"anyOf": None},
            {"not": []},
            {"properties": []},
            {"properties": {"a": []}},
            {"properties": 7},
            {"patternProperties": {"a": 1}},
            {"items": [[]]},
            {"items": "x"},
            {"$ref": {}},
            {"$ref": "#/properties/a/b/c"},
            {"$ref": "#/properties/99999999999999"},
            {"$defs": {"a": []}, "$ref": "#/$defs/a"},
            {"required": [[]]},
            {"enum": {}},
            {"dependentRequired": []},
            {"dependentRequired": {"a": 1}},
            {"pattern": []},
            {"multipleOf": "x"},
        ],
    )
    def test_of_malformed_keywords_is_a_sentence(self, malformed: Schema) -> None:
        with pytest.raises(SchemaError):
            ArgumentsSchema({"type": "object"} | malformed).require_usable(owner=1)
        with pytest.raises(SchemaError):
            ArgumentsSchema(with_property(**malformed)).require_usable(owner=1)

    @pytest.mark.parametrize("schema", [FILTERS, ANY_JSON, TREE, WIDE])
    def test_is_not_for_honest_schemas(self, schema: Schema) -> None:
        ArgumentsSchema(schema).require_usable(owner=1)


class TestChecking:
    @pytest.mark.parametrize(
        ("schema", "arguments"),
        [
            (
                with_property(items={"anyOf": [{"minimum": n} for n in range(1500)]}),
                {"a": [-1] * 200_000},
            ),
            (with_property(pattern="[ab]*a[ab]{100}c"), {"a": "ab" * 10_000}),
            (with_property(pattern="(a{1,100}){1,100}b"), {"a": "a" * 1_000}),
            (with_property(items={"multipleOf": 1e-300}), {"a": [1e300] * 10_000}),
            (with_property(items={"multipleOf": 5e-324}), {"a": [3]}),
            (with_property(pattern=r"\p{L}"), {"a": "x"}),
            (with_property(type="string"), {"a": "x" * 900_000}),
            (with_property(**nested(5, "allOf", unevaluatedProperties=False)), {}),
            (FILTERS, filters(3, {"field": "x"})),
        ],
    )
    async def test_happens_elsewhere_if_it_may_take_long(
        self, schema: Schema, arguments: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pool = FakePool({"is_usable": True}, {"is_valid": True})
        monkeypatch.setattr(schema_module, "schema_pool", pool)

        await ArgumentsSchema(schema).check(arguments, owner=1)

        assert [json.loads(sent["arguments"]) for sent in pool.requests] == [arguments]

    @pytest.mark.parametrize(
        ("schema", "arguments"),
        [
            (WIDE, {"p1": ["x"] * 50}),
            (with_property(pattern=r"^\d{4}-\d\d-\d\d$"), {"a": "2026-11-30"}),
            (with_property(pattern=r"^[^@\s]+@[^@\s]+\.[a-z]{2,24}$"), {"a": "a@b.io"}),
            (with_property(type="string"), {"a": "x" * 50_000}),
        ],
    )
    async def test_of_ordinary_arguments_happens_here(
        self, schema: Schema, arguments: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(schema_module, "schema_pool", None)

        await ArgumentsSchema(schema).check(arguments, owner=1)

    @pytest.mark.parametrize(
        ("answers", "message"),
        [
            ([], "takes too long to compile"),
            ([{"schema_error": "A is wrong."}], "cannot be called. A is wrong."),
            ([{"is_usable": True}], "take too long to check"),
            (
                [{"is_usable": True}, {"is_valid": False}],
                "do not match the tool's schema.",
            ),
            (
                [{"is_usable": True}, {"is_valid": False}, {"path": ["a", 3, "b"]}],
                "in or below a.3.b.",
            ),
        ],
    )
    async def test_says_as_much_as_was_found_in_time(
        self, answers: Any, message: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(schema_module, "schema_pool", FakePool(*answers))

        assert message in await error_of(FILTERS, {})

    @pytest.mark.usefixtures("hasty_pool")
    async def test_names_where_the_error_is_if_describing_it_takes_too_long(
        self,
    ) -> None:
        wrong = filters(14, {"field": 1})

        assert await error_of(FILTERS, wrong) == (
            "The arguments do not match the tool's schema. "
            "There is an error in or below filter."
        )

    @pytest.mark.usefixtures("hasty_pool")
    async def test_goes_on_after_arguments_that_took_too_long(self) -> None:
        schema = with_property(
            items={"anyOf": [*({"minimum": n} for n in range(1_500)), True]}
        )

        assert "too long" in await error_of(schema, {"a": [-1] * 200_000})
        assert "filter" in await error_of(FILTERS, filters(1, {"field": 1}))
        await ArgumentsSchema(FILTERS).check(filters(200, {"field": "x"}), owner=1)

    @pytest.mark.parametrize(
        "pattern",
        [
            "^(a+)+$",
            "(a{1,100}){1,100}b",
            "((a|b|ab){1,20}){1,50}c",
            "([a-c]{1,100}){1,100}d",
            "(a{1,50}b?){1,100}c",
        ],
    )
    async def test_matches_a_pattern_against_a_long_text_in_time(
        self, pattern: str
    ) -> None:
        text = "a" * 900_000 + "!"

        assert "does not match" in await error_of(
            with_property(pattern=pattern), {"a": text}
        )

    @pytest.mark.parametrize(
        ("schema", "arguments", "place"),
        [
            (
                {"type": "object", "properties": {"a/b~c": {"type": "integer"}}},
                {"a/b~c": "x"},
                "a/b~c",
            ),
            (TREE, {"kids": [{}, {"kids": 7}, {"kids": [3]}]}, "kids.2.kids.0"),
        ],
    )
    async def test_names_the_place(
        self, schema: Schema, arguments: Any, place: str
    ) -> None:
        assert f"{place}: " in await error_of(
            schema | {"$defs": FILTERS["$defs"]}, arguments
        )

    @pytest.mark.parametrize(
        "arguments",
        [{"a": "\ud800"}, {"a": float("nan")}, {"a": "x" * 1_000_001}],
    )
    async def test_refuses_what_is_not_json(self, arguments: Any) -> None:
        assert await error_of({"type": "object"}, arguments)

    async def test_accepts_integers_of_any_size(self) -> None:
        await ArgumentsSchema(FILTERS).check({"a": 10**400}, owner=1)
