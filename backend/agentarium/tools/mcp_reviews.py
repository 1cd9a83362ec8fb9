"""Storing what MCP servers offer, and accepting or dismissing what has changed.

Agents use the accepted tools. What a server offers later waits until its owner accepts
it, so that a server cannot change what its tools tell a model without being noticed.
"""

from collections.abc import Collection, Iterable

import structlog
from django.db import transaction

from agentarium.accounts.actors import SERVER, Actor
from agentarium.accounts.storage import add_stored, add_unlimited
from agentarium.core.exceptions import (
    ConflictError,
    FieldError,
    InvalidInputError,
    NotFoundError,
)
from agentarium.db import clock
from agentarium.runtime.tools.mcp.tool_info import McpToolList
from agentarium.tools.live_calls import RunningCalls
from agentarium.tools.models import MAX_ERROR_CHARS, McpServer, McpToolDecision
from agentarium.tools.quotas import definition_size
from agentarium.tools.tool_changes import (
    ToolChange,
    fingerprint,
    listing_fingerprint,
    with_changes,
)
from agentarium.tools.usable_tools import UsableTools, usable_tools

log = structlog.get_logger(__name__)

# Of one server; the oldest are deleted.
KEPT_DECISIONS = 200
Decision = McpToolDecision.Decision


class ProposalChangedError(ConflictError):
    """The server's tools have changed again since these changes were shown."""

    code = "proposal_changed"


def propose_tools(
    server: McpServer, listed: McpToolList, *, calls: RunningCalls | None = None
) -> None:
    """Store the tools that a server listed when an agent used it.

    Writes only if they differ from the last list. May wait for a long time, so it has a
    thread of its own. Tools that cannot be used are left out.
    They are stored whatever the owner's quota is: a change must not go unnoticed.

    Raises `ServerBusyError` when `calls` is stopped.
    """
    listing = listing_fingerprint(listed)
    if listing == server.listing and not server.last_error:
        return
    usable = _usable(server, listed, calls)
    with transaction.atomic():
        stored = McpServer.objects.select_for_update().filter(pk=server.pk).first()
        # The list is not that of the stored server if it was moved in the meantime.
        if stored and stored.fetched_at and stored.url == server.url:
            _set_offered(stored, usable, listing)
            _save(stored, is_limited=False)


def record_failure(server: McpServer, detail: str) -> None:
    """Keep why a server could not be used, until it can be used again.

    Writes only if it is another reason than before.
    """
    detail = detail[:MAX_ERROR_CHARS]
    if detail != server.last_error:
        # The failure is not that of the stored server if it was moved in the meantime.
        McpServer.objects.filter(pk=server.pk, url=server.url).update(
            last_error=detail, last_error_at=clock.now()
        )


def store_refreshed_tools(
    server: McpServer, listed: McpToolList, *, by: Actor = SERVER
) -> McpServer:
    """Store the tools that a person asked a server for. The first ones are accepted.

    Tools that cannot be used are left out. Raises `QuotaExceededError`, and
    `NotFoundError` if the server was deleted in the meantime.
    """
    usable = _usable(server, listed)
    with transaction.atomic():
        stored = _locked(server)
        is_first = stored.fetched_at is None
        _set_offered(stored, usable, listing_fingerprint(listed))
        if is_first:
            _accept(stored, stored.find_changes(), by)
        else:
            _save(stored)
    return stored


@transaction.atomic
def accept_changes(
    server: McpServer,
    *,
    proposal: str,
    names: Collection[str] | None,
    by: Actor = SERVER,
) -> McpServer:
    """Let agents use the changed tools: those with these names, or all not dismissed.

    `proposal` identifies the changes that the person has seen. Raises
    `ProposalChangedError` if they are not those that wait now.
    """
    stored = _locked(server)
    _accept(stored, _chosen(stored, proposal, names), by)
    return stored


@transaction.atomic
def dismiss_changes(
    server: McpServer,
    *,
    proposal: str,
    names: Collection[str] | None,
    by: Actor = SERVER,
) -> McpServer:
    """Keep the accepted tools, and ask again only when the server changes them again.

    Like `accept_changes`. A dismissed change can still be accepted by its name.
    """
    stored = _locked(server)
    changes = _chosen(stored, proposal, names)
    stored.dismissed = stored.dismissed | {
        change.name: fingerprint(change.after) for change in changes
    }
    _record(stored, Decision.DISMISSED, changes, by)
    _save(stored)
    return stored


def _usable(
    server: McpServer, listed: McpToolList, calls: RunningCalls | None = None
) -> UsableTools:
    known = [*server.tool_rows, *server.offered_tools]
    owner_id = server.owner_id or 0
    return usable_tools(listed, known=known, owner_id=owner_id, calls=calls)


def _locked(server: McpServer) -> McpServer:
    stored = McpServer.objects.select_for_update().filter(pk=server.pk).first()
    if stored is None:
        raise NotFoundError
    return stored


def _chosen(
    server: McpServer, proposal: str, names: Collection[str] | None
) -> list[ToolChange]:
    if not server.proposal or server.proposal != proposal:
        raise ProposalChangedError
    changes = server.find_changes()
    if names is None:
        return [change for change in changes if not change.is_dismissed]
    unknown = sorted(set(names) - {change.name for change in changes})
    if unknown:
        error = FieldError("does_not_exist", f"{unknown[0]!r} has not changed.")
        raise InvalidInputError(errors={"tools": [error]})
    return [change for change in changes if change.name in names]


def _accept(server: McpServer, changes: list[ToolChange], by: Actor) -> None:
    server.tools = with_changes(server.tool_rows, server.offered_tools, changes)
    accepted = {change.name for change in changes}
    server.dismissed = {
        name: value for name, value in server.dismissed.items() if name not in accepted
    }
    server.accepted_at = clock.now()
    server.accepted_by_id = by.user_id
    _record(server, Decision.ACCEPTED, changes, by)
    _save(server)


def _set_offered(server: McpServer, usable: UsableTools, listing: str) -> None:
    server.proposed_tools = usable.rows
    server.omitted_tools = [tool._asdict() for tool in usable.omitted]
    server.fetched_at = clock.now()
    server.listing = listing if usable.is_complete else ""
    server.last_error, server.last_error_at = "", None


def _save(server: McpServer, *, is_limited: bool = True) -> None:
    """Save a locked server, and count the bytes that it has grown by.

    The last thing in its transaction, because it locks the counter of bytes.
    """
    size = definition_size(McpServer.objects.get(pk=server.pk))
    server.derive_proposal()
    server.save(
        update_fields=[
            "tools",
            "proposed_tools",
            "dismissed",
            "proposal",
            "has_changes",
            "change_counts",
            "listing",
            "omitted_tools",
            "last_error",
            "last_error_at",
            "fetched_at",
            "accepted_at",
            "accepted_by",
            "updated_at",
        ]
    )
    if server.owner_id is None:
        return
    growth = definition_size(server) - size
    if growth > 0 and not is_limited:
        add_unlimited({server.owner_id: growth})
    else:
        add_stored(server.owner_id, growth)


def _record(
    server: McpServer,
    decision: McpToolDecision.Decision,
    changes: Iterable[ToolChange],
    by: Actor,
) -> None:
    names = [{"name": change.name, "kind": change.kind} for change in changes]
    if not names:
        return
    McpToolDecision.objects.create(
        server=server,
        user_id=by.user_id,
        via=by.via,
        token=by.token,
        decision=decision,
        changes=names,
    )
    kept = server.decisions.values_list("pk", flat=True)
    server.decisions.filter(pk__in=list(kept[KEPT_DECISIONS:])).delete()
    log.info(
        "mcp_server.tools_decided",
        server_id=server.pk,
        user_id=by.user_id,
        decision=decision.value,
        changes=len(names),
    )
