"""The tools of an MCP server, as an agent calls them."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agentarium.runtime.tools.base import (
    OutcomeUnknownError,
    ToolError,
    ToolInvocation,
    ToolResult,
    ToolSpec,
)
from agentarium.runtime.tools.mcp.connection import McpConnection, McpSession
from agentarium.runtime.tools.mcp.errors import SessionLostError
from agentarium.runtime.tools.mcp.results import read_result
from agentarium.runtime.tools.schema import ArgumentsSchema
from agentarium.runtime.tools.schema_validator import SchemaError

if TYPE_CHECKING:
    from mcp.shared.dispatcher import ProgressFnT
    from mcp_types import CallToolResult

# In the metadata of each call, for servers that support it.
IDEMPOTENCY_KEY = "agentarium/idempotency-key"


class McpTool:
    """One tool of a server. All tools of a server share one connection.

    The model knows the tool as the server's owner has accepted it. The server may have
    changed it since: then it is called only with arguments that match both schemas.
    """

    def __init__(
        self,
        spec: ToolSpec,
        *,
        name: str,
        connection: McpConnection,
    ) -> None:
        self.spec = spec
        self._name = name
        self._connection = connection

    async def call(self, invocation: ToolInvocation) -> ToolResult:
        call = _Call(invocation)
        try:
            async with asyncio.timeout(self.spec.timeout) as limit:
                call.extend = ProgressLimit(
                    limit, seconds=self.spec.timeout, at_most=self.spec.time_limit
                ).extend
                try:
                    result = await self._call_once(call)
                except SessionLostError:
                    # The server did not take the call.
                    result = await self._call_once(call)
        except TimeoutError as error:
            error_type = OutcomeUnknownError if call.is_sent else ToolError
            raise error_type("The MCP server took too long to respond.") from error
        read = read_result(result, self._connection.mask)
        if result.is_error:
            raise ToolError(read.text or "The tool failed without an error message.")
        return read if read.text else ToolResult("The tool returned no content.")

    async def _call_once(self, call: "_Call") -> "CallToolResult":
        call.is_sent = False
        invocation = call.invocation
        async with self._connection.session() as session:
            await self._check_is_unchanged(session, invocation)
            call.is_sent = True
            meta: Any = {IDEMPOTENCY_KEY: invocation.idempotency_key}
            return await session.client.call_tool(
                self._name,
                invocation.arguments,
                progress_callback=call.extend,
                meta=meta,
            )

    async def _check_is_unchanged(
        self, session: McpSession, invocation: ToolInvocation
    ) -> None:
        """Raise `ToolError` if the server has removed the tool or changed its arguments."""
        tool = session.find_tool(self._name)
        if tool is None:
            raise ToolError(
                f"The MCP server no longer offers the tool {self.spec.name!r}, so nothing "
                "was called. Continue without it."
            )
        if tool.parameters == self.spec.parameters:
            return
        try:
            schema = await asyncio.to_thread(ArgumentsSchema, tool.parameters)
            await schema.check(invocation.arguments, owner=invocation.owner_id)
        except (SchemaError, ToolError) as error:
            raise ToolError(
                f"The MCP server has changed the arguments of {self.spec.name!r}, so "
                "nothing was called. Continue without it until the owner of the server "
                "has accepted the change."
            ) from error


@dataclass(slots=True)
class _Call:
    """One invocation while it is made. `extend` gives it more time."""

    invocation: ToolInvocation
    is_sent: bool = False
    extend: "ProgressFnT | None" = None


class ProgressLimit:
    """Moves the time limit of a call each time that the server reports progress."""

    def __init__(
        self, limit: asyncio.Timeout, *, seconds: float, at_most: float
    ) -> None:
        """Each report gives the call `seconds` from then on, and `at_most` in all."""
        self._limit = limit
        self._seconds = seconds
        self._latest = asyncio.get_running_loop().time() + at_most

    async def extend(
        self, progress: float, total: float | None, message: str | None
    ) -> None:
        until = asyncio.get_running_loop().time() + self._seconds
        # It is refused once the call has ended.
        with suppress(RuntimeError):
            self._limit.reschedule(min(until, self._latest))
