"""The record of changes that let tools run with less protection than before."""

from collections.abc import Iterable, Sequence
from typing import Any

from agentarium.accounts.actors import Actor
from agentarium.accounts.models import User
from agentarium.tools.approval import ListedTool
from agentarium.tools.models import (
    Effect,
    HttpTool,
    ProtectionChange,
    ProtectionChangeQuerySet,
)

Change = ProtectionChange.Change
Subject = ProtectionChange.Subject


def record_switched_off(
    tools: Iterable[ListedTool],
    *,
    owner_id: int,
    agent_id: int,
    version: int,
    by: Actor,
) -> None:
    """Record that an agent calls these tools without asking, from a version on."""
    ProtectionChange.objects.bulk_create(
        ProtectionChange(
            owner_id=owner_id,
            subject=Subject.AGENT,
            subject_id=agent_id,
            version=version,
            tool=tool.name,
            change=Change.APPROVAL_OFF,
            **_by(by),
        )
        for tool in tools
    )


def changes_of_tool(before: HttpTool | None, tool: HttpTool) -> list[Change]:
    """What makes a tool less protected than it was; a new one, than it would be."""
    changes = []
    asked = before.asks_by_default if before else tool.effect == Effect.WRITE
    if asked and not tool.asks_by_default:
        changes.append(Change.APPROVAL_OFF)
    if before and before.effect == Effect.WRITE != tool.effect:
        changes.append(Change.EFFECT_LOWERED)
    return changes


def record_tool_changes(
    tool: HttpTool, changes: Sequence[Change], *, by: Actor
) -> None:
    ProtectionChange.objects.bulk_create(
        ProtectionChange(
            owner_id=tool.owner_id,
            subject=Subject.HTTP_TOOL,
            subject_id=tool.pk,
            tool=tool.name,
            change=change,
            **_by(by),
        )
        for change in changes
    )


def changes_of(
    user: User, subject: Subject, subject_id: int
) -> ProtectionChangeQuerySet:
    """The changes of an agent or a tool that a user sees, newest first."""
    changes = ProtectionChange.objects.visible_to(user).select_related("by")
    return changes.filter(subject=subject, subject_id=subject_id)


def _by(actor: Actor) -> dict[str, Any]:
    return {"by_id": actor.user_id, "via": actor.via, "token": actor.token}
