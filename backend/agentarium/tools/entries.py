"""An agent's list of tools, as its definition holds it: what may stand in it.

{"type": "builtin", "name": "fetch_url", "needs_approval"?: bool, "timeout"?: int}
{"type": "http", "id": 3, "needs_approval"?: bool}
{"type": "mcp", "server": 2, "names"?: ["search"], "prefix"?: "gh_",
 "effect"?: "read", "needs_approval"?: bool}
{"type": "agent", "agent": 5, "name"?: str, "description"?: str,
 "needs_approval"?: bool}
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from agentarium.core.exceptions import FieldError, InvalidInputError
from agentarium.runtime.tools.mcp import tool_name
from agentarium.tools.catalogue import BUILTINS, CallableAgent, agent_tool_name
from agentarium.tools.models import (
    MAX_DESCRIPTION_CHARS,
    MAX_TIMEOUT,
    TOOL_NAME,
    Effect,
    HttpTool,
    McpServer,
)

MAX_ENTRIES = 50
MAX_TOOLS = 128

ToolEntry = dict[str, Any]
# The owner's agents among these ids.
FindAgents = Callable[[Collection[int]], Mapping[int, CallableAgent]]


class _WrongEntryError(Exception):
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def check_tools(
    owner_id: int, entries: Sequence[Any], *, find_agents: FindAgents
) -> list[ToolEntry]:
    """The entries with what they mean and nothing else, in their order.

    Raises `InvalidInputError` on the field `tools`, with everything that is wrong. An
    id of another owner's reads as missing. At most three queries.
    """
    if not isinstance(entries, list) or len(entries) > MAX_ENTRIES:
        raise _invalid([FieldError("invalid", f"A list of at most {MAX_ENTRIES}.")])
    checked: list[ToolEntry] = []
    errors: list[FieldError] = []
    for number, entry in enumerate(entries, 1):
        try:
            checked.append(_shaped(entry))
        except _WrongEntryError as error:
            errors.append(FieldError(error.code, f"Tool {number}: {error.detail}"))
    if errors:
        raise _invalid(errors)
    _check_names(_Known(owner_id, checked, find_agents), checked)
    return checked


def _check_names(known: "_Known", entries: Sequence[ToolEntry]) -> None:
    errors: list[FieldError] = []
    names: list[str] = []
    for number, entry in enumerate(entries, 1):
        try:
            names += known.names(entry)
        except _WrongEntryError as error:
            errors.append(FieldError(error.code, f"Tool {number}: {error.detail}"))
    doubles = sorted({name for name in names if names.count(name) > 1})
    errors += [
        FieldError("duplicate", f"There are two tools with the name {name}.")
        for name in doubles
    ]
    if len(names) > MAX_TOOLS:
        errors.append(FieldError("too_many", f"More than {MAX_TOOLS} tools."))
    if errors:
        raise _invalid(errors)


class _Known:
    """What the entries of one list point at, as far as their owner may use it."""

    def __init__(
        self, owner_id: int, entries: Sequence[ToolEntry], find_agents: FindAgents
    ) -> None:
        tools = HttpTool.objects.filter(owner_id=owner_id).in_bulk(
            _ids(entries, "http", "id")
        )
        servers = McpServer.objects.usable_by(owner_id).in_bulk(
            _ids(entries, "mcp", "server")
        )
        agents = _ids(entries, "agent", "agent")
        self._http = {pk: tool.name for pk, tool in tools.items()}
        self._mcp = {
            pk: [row["name"] for row in server.tool_rows]
            for pk, server in servers.items()
        }
        self._agents = find_agents(agents) if agents else {}

    def names(self, entry: ToolEntry) -> list[str]:
        """The names under which a model will see the entry's tools."""
        match entry["type"]:
            case "builtin":
                return [entry["name"]]
            case "http":
                return [_found(self._http, entry["id"], "HTTP tool")]
            case "mcp":
                return self._mcp_names(entry)
            case _:
                agent = _found(self._agents, entry["agent"], "agent")
                return [entry.get("name") or agent_tool_name(agent)]

    def _mcp_names(self, entry: ToolEntry) -> list[str]:
        there = _found(self._mcp, entry["server"], "MCP server")
        wanted = entry.get("names")
        missing = [name for name in wanted or [] if name not in there]
        if missing:
            raise _WrongEntryError(
                "does_not_exist", f"The MCP server has no tool {missing[0]!r}."
            )
        prefix = entry.get("prefix", "")
        names = there if wanted is None else wanted
        return [tool_name(name, prefix) for name in names]


def _ids(entries: Sequence[ToolEntry], kind: str, key: str) -> set[int]:
    return {entry[key] for entry in entries if entry["type"] == kind}


def _found(known: Mapping[int, Any], pk: int, what: str) -> Any:
    if pk not in known:
        raise _WrongEntryError("does_not_exist", f"There is no {what} {pk}.")
    return known[pk]


# --- The shape of one entry ----------------------------------------------------------


def _shaped(entry: Any) -> ToolEntry:
    if not isinstance(entry, dict):
        raise _WrongEntryError("invalid", "An object is needed.")
    shape = _SHAPES.get(str(entry.get("type")))
    if shape is None:
        kinds = ", ".join(_SHAPES)
        raise _WrongEntryError("invalid_choice", f"`type` is one of {kinds}.")
    required, checks = shape
    unknown = sorted(str(key) for key in entry.keys() - checks.keys() - {"type"})
    if unknown:
        raise _WrongEntryError("unknown_option", f"There is no option {unknown[0]!r}.")
    # Null means the same as nothing, for each of the options.
    given = {key: value for key, value in entry.items() if value is not None}
    if required not in given:
        raise _WrongEntryError("required", f"`{required}` is missing.")
    for key, value in given.items():
        if key != "type" and not checks[key](value):
            raise _WrongEntryError("invalid", f"`{key}` is not valid.")
    return {key: given[key] for key in ("type", *checks) if key in given}


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_id(value: Any) -> bool:
    return _is_whole(value) and 0 < value < 2**63


def _is_timeout(value: Any) -> bool:
    return _is_whole(value) and 1 <= value <= MAX_TIMEOUT


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(TOOL_NAME.search(value))


def _is_names(value: Any) -> bool:
    if not isinstance(value, list) or not value or len(value) > MAX_TOOLS:
        return False
    return all(isinstance(name, str) for name in value) and len(set(value)) == len(
        value
    )


def _is_description(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_DESCRIPTION_CHARS


# Type -> what it cannot do without, and the check of each option.
_SHAPES: dict[str, tuple[str, dict[str, Callable[[Any], bool]]]] = {
    "builtin": (
        "name",
        {
            "name": lambda value: isinstance(value, str) and value in BUILTINS,
            "needs_approval": _is_flag,
            "timeout": _is_timeout,
        },
    ),
    "http": ("id", {"id": _is_id, "needs_approval": _is_flag}),
    "mcp": (
        "server",
        {
            "server": _is_id,
            "names": _is_names,
            "prefix": _is_name,
            "effect": lambda value: value in Effect.values,
            "needs_approval": _is_flag,
        },
    ),
    "agent": (
        "agent",
        {
            "agent": _is_id,
            "name": _is_name,
            "description": _is_description,
            "needs_approval": _is_flag,
        },
    ),
}


def _invalid(errors: list[FieldError]) -> InvalidInputError:
    return InvalidInputError(errors={"tools": errors})
