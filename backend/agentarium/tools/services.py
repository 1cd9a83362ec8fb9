"""What people ask for with tools."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from yarl import URL

from agentarium.accounts.models import User
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
from agentarium.tools.toolset import arguments_schema, http_tool, mcp_server

if TYPE_CHECKING:
    from agentarium.tools.guarded_http import GuardedHttp

# A call that somebody waits for holds a thread of the web process.
MAX_WAIT_SECONDS = 20.0
_WAITING = threading.BoundedSemaphore(3)

R = TypeVar("R")
Headers = Mapping[str, str | None]


class McpServerError(ConflictError):
    """The MCP server cannot be used."""

    code = "mcp_server_failed"


@dataclass(frozen=True, slots=True)
class Trial:
    """What one call of a tool gave, for its owner to see."""

    result: str
    is_error: bool
    seconds: float


def create_http_tool(
    *, owner: User, headers: Headers | None = None, **fields: Any
) -> HttpTool:
    """Declare a tool. Its headers are encrypted before they reach the database."""
    sealed = sealed_headers(headers or {}, stored={})
    with _names_are_unique():
        return HttpTool.objects.create(owner=owner, headers=sealed, **fields)


def update_http_tool(
    tool: HttpTool, *, headers: Headers | None = None, **changes: Any
) -> HttpTool:
    """Change a tool; without `headers` its stored ones stay."""
    template = changes.get("url_template", tool.url_template)
    return _update(
        tool,
        headers=headers,
        is_elsewhere=_origin(template) != _origin(tool.url_template),
        changes=changes,
    )


def create_mcp_server(
    *, owner: User, headers: Headers | None = None, **fields: Any
) -> McpServer:
    """Register a server. Its tools are listed with `refresh_mcp_server`."""
    sealed = sealed_headers(headers or {}, stored={})
    with _names_are_unique():
        return McpServer.objects.create(owner=owner, headers=sealed, **fields)


def update_mcp_server(
    server: McpServer, *, headers: Headers | None = None, **changes: Any
) -> McpServer:
    """Change a server; without `headers` its stored ones stay."""
    is_elsewhere = _origin(changes.get("url", server.url)) != _origin(server.url)
    return _update(server, headers=headers, is_elsewhere=is_elsewhere, changes=changes)


def try_http_tool(tool: HttpTool, arguments: dict[str, Any]) -> Trial:
    """Call a tool now, with its secrets and all its effects."""
    return _while_somebody_waits(lambda http: _tried(tool, arguments, http))


def refresh_mcp_server(server: McpServer) -> McpServer:
    """Ask a server for its tools, and keep the list. Raises `McpServerError`.

    Tools whose schema cannot be used are left out.
    """
    try:
        found = _while_somebody_waits(
            lambda http: list_mcp_tools(mcp_server(server, http))
        )
    except ToolError as error:
        raise McpServerError(str(error)) from error
    server.tools = [asdict(tool) for tool in found if _is_usable(tool)]
    server.fetched_at = timezone.now()
    server.save(update_fields=["tools", "fetched_at", "updated_at"])
    return server


def register_operators_servers() -> list[McpServer]:
    """Have a row for each program in `AGENTARIUM_MCP_STDIO`, and for no others."""
    names = set(settings.MCP_STDIO)
    McpServer.objects.filter(owner=None).exclude(name__in=names).delete()
    return [
        McpServer.objects.get_or_create(owner=None, name=name)[0]
        for name in sorted(names)
    ]


def sealed_headers(
    given: Headers, *, stored: Mapping[str, Sealed]
) -> dict[str, Sealed]:
    """Each given header encrypted; one given as None keeps its stored value."""
    missing = [name for name, value in given.items() if value is None]
    unknown = [name for name in missing if name not in stored]
    if unknown:
        raise _wrong("headers", "required", f"There is no stored {unknown[0]} to keep.")
    return {
        name: stored[name] if value is None else Sealed.of(value)
        for name, value in given.items()
    }


RowT = TypeVar("RowT", HttpTool, McpServer)


def _update(
    row: RowT, *, headers: Headers | None, is_elsewhere: bool, changes: dict[str, Any]
) -> RowT:
    stored: Mapping[str, Sealed] = {} if is_elsewhere else row.headers
    if headers is not None:
        changes["headers"] = sealed_headers(headers, stored=stored)
    elif is_elsewhere and row.headers:
        # Else whoever may change a tool could have its secrets sent to himself.
        raise _wrong(
            "headers", "required", "Enter the headers again: the host has changed."
        )
    for name, value in changes.items():
        setattr(row, name, value)
    with _names_are_unique():
        row.save(update_fields=[*changes, "updated_at"])
    return row


def _origin(url: str) -> URL:
    return URL(url.partition("{")[0]).origin()


@contextmanager
def _names_are_unique() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise _wrong("name", "unique", "You already have one of this name.") from error


def _wrong(field: str, code: str, detail: str) -> InvalidInputError:
    return InvalidInputError(errors={field: [FieldError(code, detail)]})


def _is_usable(tool: McpToolInfo) -> bool:
    try:
        ArgumentsSchema(tool.parameters)
    except SchemaError:
        return False
    return True


async def _tried(
    tool: HttpTool, arguments: dict[str, Any], http: "GuardedHttp"
) -> Trial:
    began = time.monotonic()
    try:
        async with asyncio.timeout(MAX_WAIT_SECONDS):
            result, is_error = await _called(tool, arguments, http), False
    except ToolError as error:
        result, is_error = str(error), True
    except TimeoutError:
        result, is_error = "The tool took too long to answer.", True
    return Trial(result, is_error, round(time.monotonic() - began, 3))


async def _called(
    tool: HttpTool, arguments: dict[str, Any], http: "GuardedHttp"
) -> str:
    made = http_tool(tool, http, needs_approval=False)
    arguments_schema(made.spec).check(arguments)
    return await made.call(ToolInvocation("trial", arguments, uuid4().hex))


def _while_somebody_waits(
    work: "Callable[[GuardedHttp], Coroutine[Any, Any, R]]",
) -> R:
    """Run something of the event loop's in this thread; a few at a time do."""

    # With aiohttp behind it, which takes long to import.
    from agentarium.tools.guarded_http import GuardedHttp

    async def run() -> R:
        http = GuardedHttp()
        try:
            return await work(http)
        finally:
            await http.aclose()

    if not _WAITING.acquire(blocking=False):
        raise TooManyRequestsError("Others are trying tools too.", retry_after=5)
    try:
        with sqlite_gate.yield_while_waiting():
            return asyncio.run(run())
    finally:
        _WAITING.release()
