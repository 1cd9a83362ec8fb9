"""Create, change, test and refresh HTTP tools and MCP servers."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
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
    TooManyRequestsError,
)
from agentarium.db.sqlite_gate import sqlite_gate
from agentarium.runtime.tools.base import ToolError, ToolInvocation
from agentarium.runtime.tools.mcp import McpToolInfo, list_mcp_tools
from agentarium.runtime.tools.schema import ArgumentsSchema, SchemaError
from agentarium.tools.models import HttpTool, McpServer
from agentarium.tools.protection import changes_of_tool, record_tool_changes
from agentarium.tools.quotas import HTTP_TOOLS, MCP_SERVERS, definition_size
from agentarium.tools.toolset import arguments_schema, http_request_tool, mcp_endpoint

if TYPE_CHECKING:
    from agentarium.tools.guarded_http import GuardedHttp

# These calls run inside a request, and so hold a thread of the web process.
MAX_CALL_SECONDS = 20.0
_CALL_SLOTS = threading.BoundedSemaphore(3)

R = TypeVar("R")
Headers = Mapping[str, str | None]


class McpServerError(ConflictError):
    """The MCP server cannot be used."""

    code = "mcp_server_failed"


@dataclass(frozen=True, slots=True)
class Trial:
    """The result of a test call."""

    result: str
    is_error: bool
    seconds: float


@transaction.atomic
def create_http_tool(
    *, owner: User, by: Actor = SERVER, headers: Headers | None = None, **fields: Any
) -> HttpTool:
    """Create a tool. Its headers are stored encrypted. Raises `QuotaExceededError`."""
    sealed = sealed_headers(headers or {}, stored={})
    check_room(HTTP_TOOLS, owner.pk)
    with _names_are_unique():
        tool = HttpTool.objects.create(owner=owner, headers=sealed, **fields)
    add_stored(owner.pk, definition_size(tool))
    record_tool_changes(tool, changes_of_tool(None, tool), by=by)
    return tool


@transaction.atomic
def update_http_tool(
    tool: HttpTool,
    *,
    by: Actor = SERVER,
    headers: Headers | None = None,
    **changes: Any,
) -> HttpTool:
    """Change a tool; without `headers` it keeps the stored ones.

    A change that lowers its protection is recorded.
    """
    # Locked, so that of two concurrent changes the second is compared with the first.
    tool = HttpTool.objects.select_for_update().get(pk=tool.pk)
    before = copy(tool)
    template = changes.get("url_template", tool.url_template)
    tool = _update(
        tool,
        headers=headers,
        host_changes=_origin(template) != _origin(tool.url_template),
        changes=changes,
    )
    record_tool_changes(tool, changes_of_tool(before, tool), by=by)
    return tool


@transaction.atomic
def create_mcp_server(
    *, owner: User, headers: Headers | None = None, **fields: Any
) -> McpServer:
    """Register a server. `refresh_mcp_server` loads its tools.

    Raises `QuotaExceededError`.
    """
    sealed = sealed_headers(headers or {}, stored={})
    check_room(MCP_SERVERS, owner.pk)
    with _names_are_unique():
        server = McpServer.objects.create(owner=owner, headers=sealed, **fields)
    add_stored(owner.pk, definition_size(server))
    return server


@transaction.atomic
def delete_definition(row: HttpTool | McpServer) -> None:
    """Delete a tool or server of a user, and free its bytes."""
    owner_id, size = row.owner_id, definition_size(row)
    deleted, _ = row.delete()
    if deleted and owner_id is not None:
        add_stored(owner_id, -size)


def update_mcp_server(
    server: McpServer, *, headers: Headers | None = None, **changes: Any
) -> McpServer:
    """Change a server; without `headers` it keeps the stored ones."""
    host_changes = _origin(changes.get("url", server.url)) != _origin(server.url)
    return _update(server, headers=headers, host_changes=host_changes, changes=changes)


def try_http_tool(tool: HttpTool, arguments: dict[str, Any]) -> Trial:
    """Call a tool now, with its secrets and all its effects.

    Raises `TooManyRequestsError` if too many such calls are running.
    """
    return _run_in_request(lambda http: _trial(tool, arguments, http))


def refresh_mcp_server(server: McpServer) -> McpServer:
    """Load the list of tools from a server, and store it. Raises `McpServerError`.

    Tools with a schema that cannot be used are left out.
    """
    try:
        tools = _run_in_request(lambda http: list_mcp_tools(mcp_endpoint(server, http)))
    except ToolError as error:
        raise McpServerError(str(error)) from error
    server.tools = [asdict(tool) for tool in tools if _is_usable(tool)]
    server.fetched_at = timezone.now()
    _save(server, ["tools", "fetched_at", "updated_at"])
    return server


def register_operators_servers() -> list[McpServer]:
    """Make the rows match the programs in `AGENTARIUM_MCP_STDIO`, and return them."""
    names = set(settings.MCP_STDIO)
    McpServer.objects.filter(owner=None).exclude(name__in=names).delete()
    return [
        McpServer.objects.get_or_create(owner=None, name=name)[0]
        for name in sorted(names)
    ]


def sealed_headers(
    given: Headers, *, stored: Mapping[str, Sealed]
) -> dict[str, Sealed]:
    """Encrypt the given headers; None keeps the stored value of a header."""
    missing = [name for name, value in given.items() if value is None]
    unknown = [name for name in missing if name not in stored]
    if unknown:
        raise _invalid(
            "headers",
            "required",
            f"There is no stored value for {unknown[0]}. Enter one.",
        )
    return {
        name: stored[name] if value is None else Sealed.of(value)
        for name, value in given.items()
    }


RowT = TypeVar("RowT", HttpTool, McpServer)


def _update(
    row: RowT, *, headers: Headers | None, host_changes: bool, changes: dict[str, Any]
) -> RowT:
    stored: Mapping[str, Sealed] = {} if host_changes else row.headers
    if headers is not None:
        changes["headers"] = sealed_headers(headers, stored=stored)
    elif host_changes and row.headers:
        # Otherwise the stored secrets would be sent to the new host.
        raise _invalid(
            "headers", "required", "Enter the headers again: the host has changed."
        )
    for name, value in changes.items():
        setattr(row, name, value)
    _save(row, [*changes, "updated_at"])
    return row


@transaction.atomic
def _save(row: HttpTool | McpServer, fields: list[str]) -> None:
    """Save a changed row, and count the bytes that it has grown by."""
    stored = type(row).objects.select_for_update(no_key=True).get(pk=row.pk)
    with _names_are_unique():
        row.save(update_fields=fields)
    if row.owner_id is not None:
        add_stored(row.owner_id, definition_size(row) - definition_size(stored))


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


def _is_usable(tool: McpToolInfo) -> bool:
    try:
        ArgumentsSchema(tool.parameters)
    except SchemaError:
        return False
    return True


async def _trial(
    tool: HttpTool, arguments: dict[str, Any], http: "GuardedHttp"
) -> Trial:
    started_at = time.monotonic()
    try:
        async with asyncio.timeout(MAX_CALL_SECONDS):
            result, is_error = await _call(tool, arguments, http), False
    except ToolError as error:
        result, is_error = str(error), True
    except TimeoutError:
        result, is_error = f"No response within {MAX_CALL_SECONDS:g} seconds.", True
    return Trial(result, is_error, round(time.monotonic() - started_at, 3))


async def _call(tool: HttpTool, arguments: dict[str, Any], http: "GuardedHttp") -> str:
    request_tool = http_request_tool(tool, http, needs_approval=False)
    arguments_schema(request_tool.spec).check(arguments)
    return await request_tool.call(ToolInvocation("trial", arguments, uuid4().hex))


def _run_in_request(
    work: "Callable[[GuardedHttp], Coroutine[Any, Any, R]]",
) -> R:
    """Run a coroutine in this thread. Only a few may run concurrently."""

    # Imported here, because aiohttp is slow to import.
    from agentarium.tools.guarded_http import GuardedHttp

    async def run() -> R:
        http = GuardedHttp()
        try:
            return await work(http)
        finally:
            await http.aclose()

    if not _CALL_SLOTS.acquire(blocking=False):
        raise TooManyRequestsError(
            "Too many tools are being called right now. Try again in a few seconds.",
            retry_after=5,
        )
    try:
        with sqlite_gate.yield_while_waiting():
            return asyncio.run(run())
    finally:
        _CALL_SLOTS.release()
