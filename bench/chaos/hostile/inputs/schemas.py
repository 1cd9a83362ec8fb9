"""JSON schemas and arguments that are small and take long to compile or to check."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from bench.chaos.hostile.attacker import Attacker, Input, repeated

Json = dict[str, Any]
FAMILY = "schemas"


def doubling(keyword: str, depth: int, leaf: Json) -> Json:
    """Each definition refers to the previous one twice: 2 ** depth checks."""
    definitions = {"a0": leaf}
    for number in range(1, depth + 1):
        twice = [{"$ref": f"#/$defs/a{number - 1}"}] * 2
        definitions[f"a{number}"] = {keyword: twice}
    last = {"$ref": f"#/$defs/a{depth}"}
    return {"type": "object", "$defs": definitions, "allOf": [last]}


def children_doubling(depth: int) -> Json:
    """Each object is checked twice by what checks its child twice."""
    child = {"properties": {"c": {"$ref": "#/$defs/node"}}}
    node = {"allOf": [child, child]}
    return {"type": "object", "$defs": {"node": node}, "allOf": [node] * min(depth, 2)}


def filters() -> Json:
    """Filters of conditions or of filters, each of which fails only at the end."""
    condition = {"type": "object", "required": ["field"], "additionalProperties": False}
    several = {"type": "array", "items": {"$ref": "#/$defs/filter"}}
    ways: list[Json] = [
        {"properties": {name: several}, "required": [name]}
        for name in ("and", "or", "and")
    ]
    return {
        "type": "object",
        "$defs": {
            "filter": {
                "anyOf": [
                    {**condition, "properties": {"field": {"type": "string"}}},
                    *ways,
                ]
            }
        },
        "properties": {"filter": {"$ref": "#/$defs/filter"}},
    }


def nested(name: str, depth: int, leaf: Any) -> Any:
    for _ in range(depth):
        leaf = {name: [leaf] if name == "and" else leaf}
    return leaf


def pattern(expression: str) -> Json:
    return {"type": "object", "properties": {"a": {"pattern": expression}}}


# Name: schema, arguments.
WORST: dict[str, tuple[Json, Json]] = {
    "allOf doubled 30 times": (doubling("allOf", 30, {"type": "object"}), {"x": 1}),
    "anyOf doubled, failing": (doubling("anyOf", 18, {"type": "array"}), {"x": 1}),
    "children doubled": (children_doubling(2), nested("c", 40, {})),
    "filters, one wrong leaf": (
        filters(),
        {"filter": nested("and", 25, {"field": 1})},
    ),
    "pattern (a{1,100}){1,100}b": (
        pattern("(a{1,100}){1,100}b"),
        {"a": "a" * 1_000_000},
    ),
    "pattern (.*){1,500}x": (pattern("^((.*){1,50}){1,50}x$"), {"a": "a" * 90_000}),
    "unique items": (
        {"type": "object", "properties": {"a": {"uniqueItems": True}}},
        {"a": [{"n": [number]} for number in range(60_000)]},
    ),
    "enum of 10,000": (
        {
            "type": "object",
            "properties": {"a": {"items": {"enum": list(range(9_000))}}},
        },
        {"a": [-1] * 200_000},
    ),
}


def tried(schema: Json, arguments: Json) -> Callable[[Attacker], Awaitable[None]]:
    """Try the tool four times concurrently."""

    async def send(attacker: Attacker) -> None:
        tool = await attacker.create_tool(parameters=schema)
        if tool is not None:
            path, body = f"/api/http-tools/{tool}/test/", {"arguments": arguments}
            await repeated(4, lambda: attacker.send("POST", path, body))

    return send


def called(schema: Json, arguments: Json) -> Callable[[Attacker], Awaitable[None]]:
    """Three tasks call the tool, so that a worker checks the arguments."""

    async def send(attacker: Attacker) -> None:
        tool = await attacker.create_tool(parameters=schema)
        if tool is not None:
            agent = await attacker.create_agent({"type": "http", "id": tool})
            # The whole input may have 100,000 characters.
            text = orjson.dumps(_shortened(arguments)).decode()
            script = {"tool_calls": [{"name": attacker.name, "arguments": text}]}
            await attacker.run_tasks(agent, script, count=3)

    return send


def _shortened(arguments: Json) -> Json:
    return {
        name: value[:4_000] if isinstance(value, str | list) else value
        for name, value in arguments.items()
    }


async def from_server(attacker: Attacker) -> None:
    """An MCP server has all the schemas; a task calls each tool."""
    url = f"{attacker.pages_url}/mcp/schemas"
    server = await attacker.create("/api/mcp-servers/", name=attacker.name, url=url)
    if server is None:
        return
    await attacker.send("POST", f"/api/mcp-servers/{server}/refresh/")
    agent = await attacker.create_agent({"type": "mcp", "server": server})
    calls = [
        {
            "name": f"t{number}",
            "arguments": orjson.dumps(_shortened(arguments)).decode(),
        }
        for number, (_, arguments) in enumerate(WORST.values())
        if number < 5
    ]
    await attacker.run_tasks(agent, {"tool_calls": calls}, count=2)


SHORT_TRIED = "filters, one wrong leaf"
SHORT_CALLED = "pattern (a{1,100}){1,100}b"

SCHEMAS: tuple[Input, ...] = (
    *(
        Input(
            f"schema tried: {name}", FAMILY, tried(*worst), is_short=name == SHORT_TRIED
        )
        for name, worst in WORST.items()
    ),
    *(
        Input(
            f"schema called: {name}",
            FAMILY,
            called(*worst),
            is_short=name == SHORT_CALLED,
        )
        for name, worst in WORST.items()
    ),
    Input("schemas of an MCP server", FAMILY, from_server, is_short=True),
)
