"""What has changed between the accepted tools of an MCP server and those it offers now.

A tool is a dictionary with `name`, `description`, `parameters` and `suggested_effect`, as
it is stored. `effect` is stored for processes of earlier versions only.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agentarium.runtime.tools.mcp.tool_info import McpToolInfo, McpToolList

ToolRow = dict[str, Any]
ChangeKind = Literal["added", "removed", "changed"]

CHANGE_KINDS: Sequence[ChangeKind] = ("added", "removed", "changed")
# What the server's hints say about a tool never decides: its owner does.
DEFAULT_EFFECT = "write"


@dataclass(frozen=True, slots=True)
class ToolChange:
    """How one tool differs from the accepted one."""

    name: str
    before: ToolRow | None
    after: ToolRow | None
    # The owner has decided to keep the accepted one.
    is_dismissed: bool = False

    @property
    def kind(self) -> ChangeKind:
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


def tool_row(tool: McpToolInfo) -> ToolRow:
    """A tool as it is stored."""
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        "effect": DEFAULT_EFFECT,
        "suggested_effect": tool.suggested_effect,
    }


def normalized(row: ToolRow) -> ToolRow:
    """A stored tool; earlier versions stored the server's hint as the effect."""
    hint = row.get("suggested_effect", row.get("effect", DEFAULT_EFFECT))
    return {**row, "effect": DEFAULT_EFFECT, "suggested_effect": hint}


def find_changes(
    accepted: Sequence[ToolRow],
    offered: Sequence[ToolRow],
    dismissed: Mapping[str, str],
) -> list[ToolChange]:
    """The tools that differ, by name. `dismissed` has fingerprints of offered tools."""
    before, after = _by_name(accepted), _by_name(offered)
    changes = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if fingerprint(old) != fingerprint(new):
            is_dismissed = dismissed.get(name) == fingerprint(new)
            changes.append(ToolChange(name, old, new, is_dismissed))
    return changes


def with_changes(
    accepted: Sequence[ToolRow],
    offered: Sequence[ToolRow],
    changes: Iterable[ToolChange],
) -> list[ToolRow]:
    """The accepted tools after some changes, in the server's order."""
    rows = _by_name(accepted)
    for change in changes:
        rows.pop(change.name, None)
        if change.after is not None:
            rows[change.name] = change.after
    order = {row["name"]: position for position, row in enumerate(offered)}
    return sorted(rows.values(), key=lambda row: order.get(row["name"], len(order)))


def count_changes(changes: Sequence[ToolChange]) -> dict[str, int]:
    """How many there are of each kind, and how many more are dismissed."""
    waiting = [change.kind for change in changes if not change.is_dismissed]
    counts: dict[str, int] = {kind: waiting.count(kind) for kind in CHANGE_KINDS}
    return {**counts, "dismissed": len(changes) - len(waiting)}


def proposal_id(changes: Iterable[ToolChange]) -> str:
    """Identifies the changes as they were shown. Empty if there are none."""
    parts = [
        [
            change.name,
            fingerprint(change.before),
            fingerprint(change.after),
            change.is_dismissed,
        ]
        for change in changes
    ]
    return _digest(parts) if parts else ""


def listing_fingerprint(listed: McpToolList) -> str:
    """Identifies what a server has listed, in its order."""
    tools = [fingerprint(tool_row(tool)) for tool in listed.tools]
    return _digest([tools, [list(tool) for tool in listed.omitted]])


def fingerprint(row: ToolRow | None) -> str:
    """Identifies everything that a person accepts. Empty for a tool that is not there."""
    if row is None:
        return ""
    row = normalized(row)
    names = ("name", "description", "parameters", "suggested_effect")
    return _digest([row[name] for name in names])


def _digest(value: Any) -> str:
    text = json.dumps(_canonical(value), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: Any) -> Any:
    """A value that is the same after PostgreSQL stored it: 1e3 becomes 1000 there."""
    if isinstance(value, dict):
        return {key: _canonical(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_canonical(each) for each in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _by_name(rows: Iterable[ToolRow]) -> dict[str, ToolRow]:
    return {row["name"]: row for row in rows}
