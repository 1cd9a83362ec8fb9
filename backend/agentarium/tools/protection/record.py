"""The record of changes that let tools run with less protection than before.

Every way to such a change ends here. A tool that loses its name leaves its protection in
the record, and the next tool of this name is compared with it: so a tool cannot be
replaced by a less protected one unnoticed.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from django.db.models import Max

from agentarium.accounts.actors import Actor
from agentarium.accounts.models import User
from agentarium.tools.models import (
    HttpTool,
    McpServer,
    ProtectionChange,
    ProtectionChangeQuerySet,
)
from agentarium.tools.protection.levels import (
    Change,
    Protection,
    expected_of,
    lowered,
    protection_of_server,
    protection_of_tool,
)

Subject = ProtectionChange.Subject
# A tool has lost its name.
_LOST = (Change.RENAMED, Change.REMOVED)


class SubjectKey(NamedTuple):
    """The agent, tool or server that is changed; of an agent, from which version on."""

    owner_id: int
    subject: Subject
    subject_id: int
    version: int | None = None


class ToolChanged(NamedTuple):
    """One difference of a tool's protection."""

    tool: str
    change: Change
    before: Protection | None
    after: Protection | None


def record_changes(
    key: SubjectKey, changes: Iterable[ToolChanged], *, by: Actor
) -> None:
    ProtectionChange.objects.bulk_create(
        ProtectionChange(
            **key._asdict(),
            tool=each.tool,
            change=each.change,
            before=each.before.stored if each.before else None,
            after=each.after.stored if each.after else None,
            by_id=by.user_id,
            via=by.via,
            token=by.token,
        )
        for each in changes
    )


def record_new_tool(tool: HttpTool, *, by: Actor) -> None:
    """Record in what a new tool is less protected than it should be, or the last was."""
    _record_lowered(tool, [expected_of(tool), *_last_of_name(tool)], by=by)


def record_changed_tool(before: HttpTool, tool: HttpTool, *, by: Actor) -> None:
    """Record in what a tool is less protected than before, or the last of its name."""
    earlier = [protection_of_tool(before)]
    if before.name != tool.name:
        earlier += _last_of_name(tool)
        _record_lost(before, Change.RENAMED, by=by)
    _record_lowered(tool, earlier, by=by)


def record_removed_tool(tool: HttpTool, *, by: Actor) -> None:
    """Keep how a tool was protected that is deleted."""
    _record_lost(tool, Change.REMOVED, by=by)


def record_changed_server(before: McpServer, server: McpServer, *, by: Actor) -> None:
    """Record that calls of a server's tools go somewhere else."""
    if server.owner_id is None:
        return
    was, now = protection_of_server(before), protection_of_server(server)
    record_changes(
        SubjectKey(server.owner_id, Subject.MCP_SERVER, server.pk),
        [ToolChanged(server.name, change, was, now) for change in lowered(was, now)],
        by=by,
    )


def removed_tools(
    owner_id: int, tool_ids: Collection[int]
) -> dict[int, tuple[str, Protection]]:
    """The names of deleted HTTP tools, and how they were protected."""
    if not tool_ids:
        return {}
    rows = ProtectionChange.objects.filter(
        owner_id=owner_id,
        subject=Subject.HTTP_TOOL,
        subject_id__in=tool_ids,
        change=Change.REMOVED,
    )
    return {row.subject_id: (row.tool, _was(row)) for row in rows}


def removed_from_agent(
    owner_id: int, agent_id: int, names: Collection[str]
) -> dict[str, Protection]:
    """How the tools with these names were protected that an agent no longer has."""
    if not names:
        return {}
    rows = ProtectionChange.objects.filter(
        owner_id=owner_id,
        subject=Subject.AGENT,
        subject_id=agent_id,
        change=Change.REMOVED,
        tool__in=names,
    )
    last = rows.order_by().values("tool").annotate(last=Max("pk")).values("last")
    return {row.tool: _was(row) for row in ProtectionChange.objects.filter(pk__in=last)}


def changes_of(
    user: User, subject: Subject, subject_id: int
) -> ProtectionChangeQuerySet:
    """The changes of an agent, a tool or a server that a user sees, newest first."""
    changes = ProtectionChange.objects.visible_to(user).select_related("by")
    return changes.filter(subject=subject, subject_id=subject_id)


def _was(row: ProtectionChange) -> Protection:
    """The protection of a tool that has lost its name."""
    return Protection.of_stored(row.before or {})


def _last_of_name(tool: HttpTool) -> list[Protection]:
    lost = ProtectionChange.objects.filter(
        owner_id=tool.owner_id,
        tool=tool.name,
        subject=Subject.HTTP_TOOL,
        change__in=_LOST,
    )
    return [_was(row) for row in lost[:1]]


def _record_lowered(
    tool: HttpTool, earlier: Iterable[Protection], *, by: Actor
) -> None:
    now = protection_of_tool(tool)
    changes: dict[Change, ToolChanged] = {}
    for before in earlier:
        for change in lowered(before, now):
            changes[change] = ToolChanged(tool.name, change, before, now)
    record_changes(_key(tool), changes.values(), by=by)


def _record_lost(tool: HttpTool, change: Change, *, by: Actor) -> None:
    was = protection_of_tool(tool)
    record_changes(_key(tool), [ToolChanged(tool.name, change, was, None)], by=by)


def _key(tool: HttpTool) -> SubjectKey:
    return SubjectKey(tool.owner_id, Subject.HTTP_TOOL, tool.pk)
