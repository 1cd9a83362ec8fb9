"""Which tools of an MCP server can be stored and given to a model."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from agentarium.db.sqlite_gate import sqlite_gate
from agentarium.runtime.tools.mcp.listed_tools import OmittedTool
from agentarium.runtime.tools.mcp.tool_info import (
    MAX_OMITTED,
    McpToolInfo,
    McpToolList,
)
from agentarium.runtime.tools.schema import ArgumentsSchema
from agentarium.runtime.tools.schema_validator import SchemaError
from agentarium.tools import live_calls
from agentarium.tools.live_calls import RunningCalls
from agentarium.tools.tool_changes import ToolRow, tool_row

MAX_NAME_CHARS = 128
MAX_REASON_CHARS = 500
# For the schemas of all tools of one list.
MAX_CHECK_SECONDS = 20.0
_OUT_OF_TIME = OmittedTool(
    "further tools",
    f"Checking the schemas takes longer than {MAX_CHECK_SECONDS:g} seconds.",
)
_NOT_STORABLE = "It has characters or numbers that cannot be stored."


class UsableTools(NamedTuple):
    """The tools of a list that can be used, and why the others are left out.

    `is_complete` is false if a time limit left tools out.
    """

    rows: list[ToolRow]
    omitted: list[OmittedTool]
    is_complete: bool = True


def usable_tools(
    listed: McpToolList,
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
    omitted = list(listed.omitted)
    for tool in listed.tools:
        (calls or live_calls.running).check()
        if time.monotonic() > deadline:
            omitted.append(_OUT_OF_TIME)
            return UsableTools(rows, _storable(omitted), is_complete=False)
        try:
            if schemas.get(tool.name) != tool.parameters:
                check_parameters(tool.parameters, owner_id=owner_id, calls=calls)
            rows.append(_storable_row(tool))
        except SchemaError as error:
            omitted.append(OmittedTool(tool.name, str(error)))
    return UsableTools(rows, _storable(omitted))


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


def _storable_row(tool: McpToolInfo) -> ToolRow:
    """The tool as it is stored. Raises `SchemaError` if PostgreSQL does not take it."""
    row = tool_row(tool)
    if not 0 < len(row["name"]) <= MAX_NAME_CHARS:
        raise SchemaError(f"Its name is longer than {MAX_NAME_CHARS} characters.")
    try:
        text = json.dumps(row, ensure_ascii=False, allow_nan=False)
        text.encode()
    except ValueError as error:
        raise SchemaError(_NOT_STORABLE) from error
    if "\\u0000" in text:
        raise SchemaError(_NOT_STORABLE)
    return row


def _storable(omitted: Sequence[OmittedTool]) -> list[OmittedTool]:
    """The first ones. Their names and reasons quote the server at any length."""
    return [
        OmittedTool(
            _readable(tool.name, MAX_NAME_CHARS),
            _readable(tool.reason, MAX_REASON_CHARS),
        )
        for tool in omitted[:MAX_OMITTED]
    ]


def _readable(text: str, max_chars: int) -> str:
    """A text that both databases take."""
    cut = text if len(text) <= max_chars else f"{text[: max_chars - 1]}…"
    return cut.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
