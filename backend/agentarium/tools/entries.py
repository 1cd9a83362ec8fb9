"""Validates the list of tools in an agent's definition. Its entries:

{"type": "builtin", "name": "fetch_url", "needs_approval"?: bool, "timeout"?: int,
 "allowed_hosts"?: ["docs.example.com", "*.example.org"]}
{"type": "http", "id": 3, "needs_approval"?: bool, "ask_before"?: ["send_mail"]}
{"type": "mcp", "server": 2, "names"?: ["search"], "prefix"?: "gh_",
 "effect"?: "read", "needs_approval"?: bool, "ask_before"?: ["create_issue"]}
{"type": "agent", "agent": 5, "name"?: str, "description"?: str,
 "needs_approval"?: bool}

Without `needs_approval`, the effect decides: see `approval.py`.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from agentarium.core.exceptions import FieldError, InvalidInputError
from agentarium.outbound.hosts import HostError, HostPattern
from agentarium.runtime.tools.mcp.names import tool_names
from agentarium.tools.approval import ASK_BEFORE, with_ask_before
from agentarium.tools.catalogue import BUILTINS, agent_tool_name
from agentarium.tools.models import (
    MAX_DESCRIPTION_CHARS,
    MAX_TIMEOUT,
    TOOL_NAME,
    Effect,
    McpServer,
)
from agentarium.tools.references import (
    FindAgents,
    Referenced,
    ToolEntry,
    load_referenced,
)

MAX_ENTRIES = 50
MAX_TOOLS = 128
MAX_ALLOWED_HOSTS = 100

R = TypeVar("R")


class _InvalidEntryError(Exception):
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def check_tools(
    owner_id: int, entries: Sequence[Any], *, find_agents: FindAgents
) -> list[ToolEntry]:
    """Validate the entries, and return them as they are stored, in the same order.

    Null options are left out. `ask_before` has the tools that ask a person now.

    Raises `InvalidInputError` for the field `tools`, with all errors. Another owner's
    rows count as missing. At most three queries.
    """
    if not isinstance(entries, list) or len(entries) > MAX_ENTRIES:
        raise _invalid(
            [FieldError("invalid", f"Write a list of at most {MAX_ENTRIES} tools.")]
        )
    checked: list[ToolEntry] = []
    errors: list[FieldError] = []
    for number, entry in enumerate(entries, 1):
        try:
            checked.append(_valid_entry(entry))
        except _InvalidEntryError as error:
            errors.append(FieldError(error.code, f"Tool {number}: {error.detail}"))
    if errors:
        raise _invalid(errors)
    referenced = load_referenced(owner_id, checked, find_agents)
    _check_names(referenced, checked)
    return with_ask_before(referenced, checked)


def _check_names(referenced: Referenced, entries: Sequence[ToolEntry]) -> None:
    errors: list[FieldError] = []
    names: list[str] = []
    for number, entry in enumerate(entries, 1):
        try:
            names += _tool_names(referenced, entry)
        except _InvalidEntryError as error:
            errors.append(FieldError(error.code, f"Tool {number}: {error.detail}"))
    duplicates = sorted(name for name, count in Counter(names).items() if count > 1)
    errors += [
        FieldError(
            "duplicate", f"Two tools have the name {name}. Rename or remove one."
        )
        for name in duplicates[:MAX_TOOLS]
    ]
    if len(names) > MAX_TOOLS:
        errors.append(
            FieldError(
                "too_many", f"The agent has more than {MAX_TOOLS} tools. Remove some."
            )
        )
    if errors:
        raise _invalid(errors)


def _tool_names(referenced: Referenced, entry: ToolEntry) -> list[str]:
    """The names of the entry's tools as the model sees them."""
    match entry["type"]:
        case "builtin":
            return [entry["name"]]
        case "http":
            tool = _get(referenced.http_tools, entry["id"], "HTTP tool")
            return [tool.name]
        case "mcp":
            server = _get(referenced.mcp_servers, entry["server"], "MCP server")
            return _mcp_tool_names(server, entry)
        case _:
            agent = _get(referenced.agents, entry["agent"], "agent")
            return [entry.get("name") or agent_tool_name(agent)]


def _mcp_tool_names(server: McpServer, entry: ToolEntry) -> list[str]:
    available = [row["name"] for row in server.tool_rows]
    selected = entry.get("names", available)
    missing = [name for name in selected if name not in available]
    if missing:
        raise _InvalidEntryError(
            "does_not_exist", f"The MCP server has no tool {missing[0]!r}."
        )
    names = tool_names(available, entry.get("prefix", ""))
    return [names[name] for name in selected]


def _get(rows: Mapping[int, R], pk: int, noun: str) -> R:
    if pk not in rows:
        raise _InvalidEntryError("does_not_exist", f"There is no {noun} {pk}.")
    return rows[pk]


# --- The options of one entry ------------------------------------------------------


def _valid_entry(entry: Any) -> ToolEntry:
    if not isinstance(entry, dict):
        raise _InvalidEntryError("invalid", "It must be an object.")
    options = _OPTIONS.get(str(entry.get("type")))
    if options is None:
        kinds = ", ".join(_OPTIONS)
        raise _InvalidEntryError("invalid_choice", f"`type` must be one of {kinds}.")
    required, checks = options
    unknown = sorted(str(key) for key in entry.keys() - checks.keys() - {"type"})
    if unknown:
        raise _InvalidEntryError(
            "unknown_option", f"There is no option {unknown[0]!r}."
        )
    # Null means that an option is not set.
    given = {key: value for key, value in entry.items() if value is not None}
    if required not in given:
        raise _InvalidEntryError("required", f"`{required}` is missing.")
    for key, value in given.items():
        if key != "type" and not checks[key](value):
            raise _InvalidEntryError("invalid", f"`{key}` is not valid.")
    if "allowed_hosts" in given:
        _check_allowed_hosts(given)
    return {key: given[key] for key in ("type", *checks) if key in given}


def _check_allowed_hosts(entry: ToolEntry) -> None:
    if not BUILTINS[entry["name"]].reaches_hosts:
        raise _InvalidEntryError(
            "unknown_option", f"{entry['name']} has no option 'allowed_hosts'."
        )
    try:
        for host in entry["allowed_hosts"]:
            HostPattern.parse(host)
    except HostError as error:
        raise _InvalidEntryError("invalid_host", f"`allowed_hosts`: {error}") from error


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


def _is_ask_before(value: Any) -> bool:
    return value == [] or _is_names(value)


def _are_texts(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= MAX_ALLOWED_HOSTS
        and all(isinstance(text, str) for text in value)
    )


def _is_description(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_DESCRIPTION_CHARS


# Type -> its required option, and the check of each option.
_OPTIONS: dict[str, tuple[str, dict[str, Callable[[Any], bool]]]] = {
    "builtin": (
        "name",
        {
            "name": lambda value: isinstance(value, str) and value in BUILTINS,
            "needs_approval": _is_flag,
            "timeout": _is_timeout,
            "allowed_hosts": _are_texts,
        },
    ),
    "http": (
        "id",
        {"id": _is_id, "needs_approval": _is_flag, ASK_BEFORE: _is_ask_before},
    ),
    "mcp": (
        "server",
        {
            "server": _is_id,
            "names": _is_names,
            "prefix": _is_name,
            "effect": lambda value: value in Effect.values,
            "needs_approval": _is_flag,
            ASK_BEFORE: _is_ask_before,
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
