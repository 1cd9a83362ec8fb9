"""Create, change, test and refresh HTTP tools and MCP servers."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from yarl import URL

from agentarium.accounts.actors import SERVER, Actor
from agentarium.accounts.models import User
from agentarium.accounts.quotas import check_room
from agentarium.accounts.storage import add_stored
from agentarium.core.encryption import Sealed
from agentarium.core.exceptions import (
    ConflictError,
    FieldError,
    InvalidInputError,
)
from agentarium.runtime.masking.mask import SecretMask
from agentarium.runtime.masking.secret_forms import MIN_CHARS, is_too_short
from agentarium.runtime.tools.base import ToolError, ToolInvocation
from agentarium.runtime.tools.mcp.connection import list_mcp_tools
from agentarium.tools.live_calls import call_now
from agentarium.tools.mcp_reviews import record_failure, store_refreshed_tools
from agentarium.tools.models import HttpTool, McpServer
from agentarium.tools.protection.record import (
    record_changed_server,
    record_changed_tool,
    record_new_tool,
    record_removed_tool,
)
from agentarium.tools.quotas import HTTP_TOOLS, MCP_SERVERS, definition_size
from agentarium.tools.secret_values import secret_mask
from agentarium.tools.toolset import arguments_schema, http_request_tool, mcp_endpoint

if TYPE_CHECKING:
    from agentarium.tools.guarded_http import GuardedHttp

MAX_CALL_SECONDS = 20.0
# Longer than the limit that `list_mcp_tools` has of its own.
MAX_REFRESH_SECONDS = 36.0

Headers = Mapping[str, str | None]
# The fields with secrets, as people call them.
SECRET_MAPS = {"headers": "headers", "url_secrets": "secrets of the address"}


class McpServerError(ConflictError):
    """The MCP server cannot be used."""

    code = "mcp_server_failed"


@dataclass(frozen=True, slots=True)
class Trial:
    """The result of a test call."""

    result: str
    is_error: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Secrets:
    """Secrets by name, as they are given: None keeps a stored value.

    Without a map, all of its stored values are kept.
    """

    headers: Headers | None = None
    url_secrets: Headers | None = None


NO_SECRETS = Secrets()


@transaction.atomic
def create_http_tool(
    *, owner: User, by: Actor = SERVER, secrets: Secrets = NO_SECRETS, **fields: Any
) -> HttpTool:
    """Create a tool. Its secrets are stored encrypted. Raises `QuotaExceededError`."""
    check_room(HTTP_TOOLS, owner.pk)
    tool = _create(HttpTool, owner=owner, secrets=secrets, fields=fields)
    record_new_tool(tool, by=by)
    return tool


@transaction.atomic
def update_http_tool(
    tool: HttpTool, *, by: Actor = SERVER, secrets: Secrets = NO_SECRETS, **changes: Any
) -> HttpTool:
    """Change a tool. A change that lowers its protection is recorded."""
    # Locked, so that of two concurrent changes the second is compared with the first.
    tool = HttpTool.objects.select_for_update(no_key=True).get(pk=tool.pk)
    before = copy(tool)
    template = changes.get("url_template", tool.url_template)
    tool = _update(
        tool,
        secrets=secrets,
        host_changes=_origin(template) != _origin(tool.url_template),
        changes=changes,
    )
    record_changed_tool(before, tool, by=by)
    return tool


@transaction.atomic
def create_mcp_server(
    *, owner: User, secrets: Secrets = NO_SECRETS, **fields: Any
) -> McpServer:
    """Register a server. `refresh_mcp_server` loads its tools.

    Raises `QuotaExceededError`.
    """
    check_room(MCP_SERVERS, owner.pk)
    return _create(McpServer, owner=owner, secrets=secrets, fields=fields)


@transaction.atomic
def delete_definition(row: HttpTool | McpServer, *, by: Actor = SERVER) -> None:
    """Delete a tool or server of a user, and free its bytes."""
    owner_id, size = row.owner_id, definition_size(row)
    if isinstance(row, HttpTool):
        record_removed_tool(row, by=by)
    deleted, _ = row.delete()
    if deleted and owner_id is not None:
        add_stored(owner_id, -size)


@transaction.atomic
def update_mcp_server(
    server: McpServer,
    *,
    by: Actor = SERVER,
    secrets: Secrets = NO_SECRETS,
    **changes: Any,
) -> McpServer:
    """Change a server. A new address is recorded."""
    # Locked like a tool, so that each address is compared with the one before it.
    server = McpServer.objects.select_for_update(no_key=True).get(pk=server.pk)
    before = copy(server)
    host_changes = _origin(changes.get("url", server.url)) != _origin(server.url)
    server = _update(
        server, secrets=secrets, host_changes=host_changes, changes=changes
    )
    record_changed_server(before, server, by=by)
    return server


def try_http_tool(tool: HttpTool, arguments: dict[str, Any]) -> Trial:
    """Call a tool now, with its secrets and all its effects.

    Raises `TooManyRequestsError` if too many such calls are running.
    """
    mask = secret_mask([tool])
    started_at = time.monotonic()
    is_error = False
    try:
        result = call_now(
            lambda http: _call(tool, arguments, http, mask),
            owner_id=tool.owner_id,
            within=MAX_CALL_SECONDS,
            timed_out=ToolError(f"No response within {MAX_CALL_SECONDS:g} seconds."),
        )
    except ToolError as error:
        result, is_error = mask.apply(str(error)), True
    return Trial(result, is_error, round(time.monotonic() - started_at, 3))


def refresh_mcp_server(server: McpServer, *, by: Actor = SERVER) -> McpServer:
    """Load the list of tools from a server.


    Raises `McpServerError`, and the server keeps the reason. The first list is
    accepted. After that, changes wait for acceptance.
    """
    mask = secret_mask([server])
    try:
        listed = call_now(
            lambda http: list_mcp_tools(mcp_endpoint(server, http), mask),
            owner_id=server.owner_id,
            within=MAX_REFRESH_SECONDS,
            timed_out=ToolError("The MCP server took too long to respond."),
        )
    except ToolError as error:
        record_failure(server, str(error))
        raise McpServerError(str(error)) from error
    return store_refreshed_tools(server, listed, by=by)


def register_operators_servers() -> list[McpServer]:
    """Make the rows match the programs in `AGENTARIUM_MCP_STDIO`, and return them."""
    names = set(settings.MCP_STDIO)
    McpServer.objects.filter(owner=None).exclude(name__in=names).delete()
    return [
        McpServer.objects.get_or_create(owner=None, name=name)[0]
        for name in sorted(names)
    ]


RowT = TypeVar("RowT", HttpTool, McpServer)


def _create(
    model: type[RowT], *, owner: User, secrets: Secrets, fields: dict[str, Any]
) -> RowT:
    for name in SECRET_MAPS:
        given = getattr(secrets, name) or {}
        fields[name] = _sealed(name, given, stored={})
    with _names_are_unique():
        row = model.objects.create(owner=owner, **fields)
    add_stored(owner.pk, definition_size(row))
    row.warnings = _warnings(secrets)
    return row


def _update(
    row: RowT, *, secrets: Secrets, host_changes: bool, changes: dict[str, Any]
) -> RowT:
    for name in SECRET_MAPS:
        given, stored = getattr(secrets, name), getattr(row, name)
        if given is not None:
            changes[name] = _sealed(name, given, stored={} if host_changes else stored)
        elif host_changes and stored:
            # Otherwise the stored secrets would be sent to the new host.
            raise _invalid(
                name,
                "required",
                f"Enter the {SECRET_MAPS[name]} again: the host has changed.",
            )
    for name, value in changes.items():
        setattr(row, name, value)
    _save(row, [*changes, "updated_at"])
    row.warnings = _warnings(secrets)
    return row


@transaction.atomic
def _save(row: HttpTool | McpServer, fields: list[str]) -> None:
    """Save a changed row, and count the bytes that it has grown by."""
    stored = type(row).objects.select_for_update(no_key=True).get(pk=row.pk)
    with _names_are_unique():
        row.save(update_fields=fields)
    if row.owner_id is not None:
        add_stored(row.owner_id, definition_size(row) - definition_size(stored))


def _warnings(secrets: Secrets) -> list[str]:
    given = {**(secrets.headers or {}), **(secrets.url_secrets or {})}
    return [
        f"The value of {name} is shorter than {MIN_CHARS} characters, so it is not "
        "masked where a tool or a model repeats it."
        for name, value in sorted(given.items())
        if value and is_too_short(value)
    ]


def _sealed(
    field: str, given: Headers, *, stored: Mapping[str, Sealed]
) -> dict[str, Sealed]:
    """Encrypt the given values; None keeps a stored one."""
    missing = [name for name, value in given.items() if value is None]
    unknown = [name for name in missing if name not in stored]
    if unknown:
        raise _invalid(
            field, "required", f"There is no stored value for {unknown[0]}. Enter one."
        )
    return {
        name: stored[name] if value is None else Sealed.of(value)
        for name, value in given.items()
    }


def _origin(url: str) -> URL:
    return URL(url.partition("{")[0]).origin()


@contextmanager
def _names_are_unique() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise _invalid(
            "name", "unique", "You already have one with this name."
        ) from error


def _invalid(field: str, code: str, detail: str) -> InvalidInputError:
    return InvalidInputError(errors={field: [FieldError(code, detail)]})


async def _call(
    tool: HttpTool, arguments: dict[str, Any], http: "GuardedHttp", mask: SecretMask
) -> str:
    request_tool = http_request_tool(tool, http, needs_approval=False, mask=mask)
    schema = await asyncio.to_thread(arguments_schema, request_tool.spec)
    await schema.check(arguments, owner=tool.owner_id)
    key = uuid4().hex
    result = await request_tool.call(
        ToolInvocation("trial", arguments, key, tool.owner_id)
    )
    return result if isinstance(result, str) else result.text
