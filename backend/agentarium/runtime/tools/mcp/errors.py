"""The errors of a server and of the SDK, as a model is told them."""

from typing import TYPE_CHECKING

from agentarium.runtime.tools.base import OutcomeUnknownError, ToolError
from agentarium.runtime.tools.masking import SecretMask

if TYPE_CHECKING:
    from mcp import MCPError

MAX_ERROR_CHARS = 1_000


def tool_error(error: "MCPError", mask: SecretMask) -> ToolError:
    from mcp_types import CONNECTION_CLOSED, PARSE_ERROR, REQUEST_TIMEOUT

    from agentarium.runtime.tools.mcp.http import NOT_SENT

    if error.code == NOT_SENT:
        return ToolError(error.message)
    if error.code in {CONNECTION_CLOSED, PARSE_ERROR, REQUEST_TIMEOUT}:
        return OutcomeUnknownError(
            "The connection to the MCP server was lost before it responded."
        )
    return ToolError(f"The MCP server rejected the call: {_message(error, mask)}")


def _message(error: "MCPError", mask: SecretMask) -> str:
    return mask.beginning(error.message, MAX_ERROR_CHARS)[0]


def not_connected(error: BaseException | None, mask: SecretMask) -> ToolError:
    """The error for a failed connection; no tool was called."""
    from mcp import MCPError

    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, MCPError):
        return ToolError(f"The MCP server cannot be used: {_message(error, mask)}")
    if isinstance(error, OSError):
        return ToolError(
            "The MCP server's program cannot be started. Check its command."
        )
    return ToolError(
        "The MCP server cannot be used: it does not speak MCP. Check its address."
    )
