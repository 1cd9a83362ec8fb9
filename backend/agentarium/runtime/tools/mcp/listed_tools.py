"""The tools that servers list, in the forms that they describe them.

A tool that cannot be used is left out and named, with the reason, so that it does not
take the others with it.
"""

from typing import Any, NamedTuple

from agentarium.runtime.tools.mcp.schema_forms import readable_schema

MAX_TOOLS = 200
MAX_DESCRIPTION_CHARS = 4_000
# In the metadata of a list: the tools that are left out.
OMITTED = "agentarium/omitted"
_MAX_NAME_CHARS = 200
_HINTS = ("readOnlyHint", "idempotentHint")


class OmittedTool(NamedTuple):
    """A tool that a server lists and that is left out; `reason` is a sentence."""

    name: str
    reason: str


TOO_MANY = OmittedTool(
    "further tools", f"Only the first {MAX_TOOLS} tools of a server are read."
)


def readable_list(result: dict[str, Any]) -> dict[str, Any]:
    """One page of tools, as the SDK accepts it. Raises `ValueError`."""
    listed = result.get("tools")
    if listed is None:
        listed = []
    if not isinstance(listed, list):
        raise ValueError("its list of tools is not a list.")
    tools: list[dict[str, Any]] = []
    omitted: list[OmittedTool] = []
    for position, tool in enumerate(listed[:MAX_TOOLS], 1):
        try:
            tools.append(_readable_tool(tool))
        except ValueError as error:
            omitted.append(OmittedTool(_name(tool) or f"tool {position}", str(error)))
    if len(listed) > MAX_TOOLS:
        omitted.append(TOO_MANY)
    return {
        "tools": tools,
        "nextCursor": _cursor(result.get("nextCursor")),
        "_meta": {OMITTED: omitted},
        # Required in the newest version of the protocol.
        "resultType": "complete",
        "ttlMs": 0,
        "cacheScope": "private",
    }


def _readable_tool(tool: Any) -> dict[str, Any]:
    if not isinstance(tool, dict):
        raise ValueError("It is not an object.")
    name = tool.get("name")
    if not isinstance(name, str) or not name:
        raise ValueError("It has no name.")
    description = tool.get("description") or tool.get("title")
    readable: dict[str, Any] = {
        "name": name,
        "inputSchema": readable_schema(tool.get("inputSchema")),
        "annotations": _hints(tool.get("annotations")),
    }
    if isinstance(description, str):
        # PostgreSQL does not store NUL.
        text = description.replace("\0", "\ufffd")
        readable["description"] = text[:MAX_DESCRIPTION_CHARS]
    return readable


def _hints(annotations: Any) -> dict[str, bool]:
    if not isinstance(annotations, dict):
        return {}
    return {hint: annotations.get(hint) is True for hint in _HINTS}


def _name(tool: Any) -> str:
    name = tool.get("name") if isinstance(tool, dict) else None
    return name[:_MAX_NAME_CHARS] if isinstance(name, str) else ""


def _cursor(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None
