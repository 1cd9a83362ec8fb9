"""The tools of an MCP server, as an agent calls them."""

import asyncio
from typing import TYPE_CHECKING, Any

from agentarium.runtime.tools.base import (
    OutcomeUnknownError,
    ToolError,
    ToolInvocation,
    ToolSpec,
)
from agentarium.runtime.tools.mcp.connection import McpConnection, McpSession
from agentarium.runtime.tools.mcp.errors import SessionLostError
from agentarium.runtime.tools.mcp.results import as_text
from agentarium.runtime.tools.schema import ArgumentsSchema
from agentarium.runtime.tools.schema_validator import SchemaError

if TYPE_CHECKING:
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

    async def call(self, invocation: ToolInvocation) -> str:
        is_connected = False

        async def call_once() -> "CallToolResult":
            nonlocal is_connected
            async with self._connection.session() as session:
                await self._check_is_unchanged(session, invocation)
                is_connected = True
                return await session.client.call_tool(
                    self._name,
                    invocation.arguments,
                    meta=_meta(invocation),
                )

        try:
            async with asyncio.timeout(self.spec.timeout):
                try:
                    result = await call_once()
                except SessionLostError:
                    # The server did not take the call.
                    is_connected = False
                    result = await call_once()
        except TimeoutError as error:
            error_type = OutcomeUnknownError if is_connected else ToolError
            raise error_type("The MCP server took too long to respond.") from error
        text = as_text(result, self._connection.mask)
        if result.is_error:
            raise ToolError(text or "The tool failed without an error message.")
        return text or "The tool returned no content."

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


def _meta(invocation: ToolInvocation) -> Any:
    return {IDEMPOTENCY_KEY: invocation.idempotency_key}
