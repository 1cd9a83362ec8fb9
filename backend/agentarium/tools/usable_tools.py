"""Which tools of an MCP server can be stored and given to a model."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from agentarium.db.sqlite_gate import sqlite_gate
from agentarium.runtime.tools.mcp.tool_info import McpToolInfo
from agentarium.runtime.tools.schema import ArgumentsSchema
from agentarium.runtime.tools.schema_validator import SchemaError
from agentarium.tools import live_calls
from agentarium.tools.live_calls import RunningCalls
from agentarium.tools.tool_changes import ToolRow, tool_row

MAX_NAME_CHARS = 128
# For the schemas of all tools of one list.
MAX_CHECK_SECONDS = 20.0


class UsableTools(NamedTuple):
    """`is_complete` is false if a time limit left tools out."""

    rows: list[ToolRow]
    is_complete: bool


def usable_tools(
    tools: Sequence[McpToolInfo],
    *,
    known: Iterable[ToolRow],
    owner_id: int,
    calls: RunningCalls | None = None,
) -> UsableTools:
    """The tools as they are stored, without those that cannot be used.

    The schemas of `known` tools are not checked again. May wait for `MAX_CHECK_SECONDS`:
    do not call it on an event loop. Raises `ServerBusyError` when `calls` is stopped.
    """
    schemas = {row["name"]: row["parameters"] for row in known}
    deadline = time.monotonic() + MAX_CHECK_SECONDS
    rows: list[ToolRow] = []
    for tool in tools:
        (calls or live_calls.running).check()
        if time.monotonic() > deadline:
            return UsableTools(rows, is_complete=False)
        with suppress(SchemaError):
            if schemas.get(tool.name) != tool.parameters:
                check_parameters(tool.parameters, owner_id=owner_id, calls=calls)
            if _is_storable(row := tool_row(tool)):
                rows.append(row)
    return UsableTools(rows, is_complete=True)


def check_parameters(
    schema: Mapping[str, Any], *, owner_id: int, calls: RunningCalls | None = None
) -> None:
    """Raise `SchemaError` unless it can be a tool's schema.

    May wait for seconds. Raises `ServerBusyError` when `calls`, without them the
    requests', are stopped.
    """
    wait = (calls or live_calls.running).wait
    with sqlite_gate.yield_while_waiting():
        ArgumentsSchema(schema).require_usable(owner=owner_id, wait=wait)


def _is_storable(row: ToolRow) -> bool:
    """Whether it has a name, and PostgreSQL takes it: no NUL, lone surrogate, infinity."""
    if not 0 < len(row["name"]) <= MAX_NAME_CHARS:
        return False
    try:
        text = json.dumps(row, ensure_ascii=False, allow_nan=False)
        text.encode()
    except ValueError:
        return False
    return "\\u0000" not in text
