"""In what the tools of an agent are less protected than before it was changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from agentarium.accounts.actors import Actor
from agentarium.tools.approval import ASK_BEFORE, ListedTool, listed_tools
from agentarium.tools.protection.levels import Change, Protection, lowered
from agentarium.tools.protection.record import (
    SubjectKey,
    ToolChanged,
    record_changes,
    removed_from_agent,
    removed_tools,
)
from agentarium.tools.references import Referenced, ToolEntry


def record_changed_list(
    key: SubjectKey,
    before: Sequence[ToolEntry],
    after: Sequence[ToolEntry],
    *,
    referenced: Referenced,
    by: Actor,
) -> None:
    """Record in what the tools of an agent's new list are less protected.

    `referenced` has the rows of both lists. At most three queries.
    """
    earlier = [
        *listed_tools(referenced, before),
        *_deleted_tools(key.owner_id, referenced, before),
    ]
    now = list(listed_tools(referenced, after))
    predecessors = _predecessors(earlier, now)
    new = [tool.name for tool in now if tool.key not in predecessors]
    removed = removed_from_agent(key.owner_id, key.subject_id, new)
    changes = [
        change
        for tool in now
        for change in _changes(tool, predecessors.get(tool.key), removed)
    ]
    replaced = {tool.key for tool in predecessors.values()}
    lost = (tool for tool in earlier if tool.key not in replaced)
    changes += [
        ToolChanged(tool.name, Change.REMOVED, tool.protection, None)
        for tool in lost
        if _is_protected_by_entry(tool)
    ]
    record_changes(key, changes, by=by)


def _deleted_tools(
    owner_id: int, referenced: Referenced, entries: Sequence[ToolEntry]
) -> Iterator[ListedTool]:
    """The HTTP tools that a list still had when they were deleted."""
    missing = {
        entry["id"]: entry
        for entry in entries
        if entry["type"] == "http" and entry["id"] not in referenced.http_tools
    }
    for tool_id, (name, was) in removed_tools(owner_id, missing).items():
        entry = missing[tool_id]
        would_ask = bool(entry.get(ASK_BEFORE)) or was.asks
        asks = entry.get("needs_approval", would_ask)
        yield ListedTool(
            ("http", tool_id, ""),
            name,
            name,
            replace(was, asks=asks),
            would_ask,
            was.effect,
        )


def _predecessors(
    before: Sequence[ListedTool], now: Sequence[ListedTool]
) -> Mapping[object, ListedTool]:
    """What each tool was before, by its key: the same one, or another of its name."""
    by_key = {tool.key: tool for tool in before}
    kept = {tool.key for tool in now}
    by_name = {tool.name: tool for tool in before if tool.key not in kept}
    found = {tool.key: by_key.get(tool.key) or by_name.get(tool.name) for tool in now}
    return {key: tool for key, tool in found.items() if tool}


def _changes(
    tool: ListedTool, was: ListedTool | None, removed: Mapping[str, Protection]
) -> list[ToolChanged]:
    earlier = []
    if was is not None:
        # One that became a `write` would ask now, if the entry had stayed as it was.
        asked = was.needs_approval or (tool.would_ask and not was.would_ask)
        earlier.append(replace(was.protection, asks=asked))
    elif tool.name in removed:
        earlier.append(removed[tool.name])
    if was is None or was.key != tool.key:
        earlier.append(tool.default)
    changes: dict[Change, ToolChanged] = {}
    for before in earlier:
        for change in lowered(before, tool.protection):
            changes[change] = ToolChanged(tool.name, change, before, tool.protection)
    if Change.APPROVAL_OFF in changes:
        # An agent's entry lowers the effect in order not to ask: that is one change.
        changes.pop(Change.EFFECT_LOWERED, None)
    return list(changes.values())


def _is_protected_by_entry(tool: ListedTool) -> bool:
    """Whether the tool, added again, would be less protected without any record."""
    asks_more = tool.needs_approval and not tool.would_ask
    return asks_more or tool.protection.hosts is not None
