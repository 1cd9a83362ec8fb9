"""The errors of a server and of the SDK, as a model is told them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agentarium.runtime.masking.mask import SecretMask
from agentarium.runtime.tools.base import OutcomeUnknownError, ToolError

if TYPE_CHECKING:
    from mcp import MCPError

MAX_ERROR_CHARS = 1_000


class SessionLostError(ToolError):
    """The server does not know the session any more, and has not taken the call."""


@contextmanager
def sdk_errors_as_tool_errors(
    mask: SecretMask, on_error: Callable[[], None]
) -> Iterator[None]:
    """Raise `ToolError` for whatever the SDK raises, after calling `on_error`.

    The SDK lets exceptions of many libraries through, and documents few of them.
    """
    from mcp import MCPError

    try:
        yield
    except ToolError:
        raise
    except Exception as error:  # noqa: BLE001
        on_error()
        # The text of others may quote the response at any length.
        cause = error if isinstance(error, MCPError) else None
        raise _tool_error(error, mask) from cause


def _tool_error(error: Exception, mask: SecretMask) -> ToolError:
    """The error for a call that may have reached the server."""
    from mcp import MCPError

    from agentarium.runtime.tools.mcp.refusals import (
        NOT_ANSWERED,
        NOT_SENT,
        SESSION_LOST,
    )

    if not isinstance(error, MCPError):
        return OutcomeUnknownError(
            "The MCP server's response does not follow the protocol."
        )
    if error.code == NOT_SENT:
        return ToolError(error.message)
    rejection = f"The MCP server rejected the call: {_message(error, mask)}"
    if error.code == SESSION_LOST:
        return SessionLostError(rejection)
    if error.code in NOT_ANSWERED:
        return OutcomeUnknownError(
            "The connection to the MCP server was lost before it responded."
        )
    return ToolError(rejection)


def not_connected(error: BaseException | None, mask: SecretMask) -> ToolError:
    """The error for a failed connection; no tool was called."""
    from mcp import MCPError

    from agentarium.runtime.tools.mcp.refusals import NOT_SENT, SESSION_LOST

    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, MCPError):
        message = _message(error, mask)
        if error.code == NOT_SENT:
            return ToolError(message)
        kind = SessionLostError if error.code == SESSION_LOST else ToolError
        return kind(f"The MCP server cannot be used: {message}")
    if isinstance(error, OSError):
        return ToolError(
            "The MCP server's program cannot be started. Check its command."
        )
    return ToolError(
        "The MCP server cannot be used: it does not speak MCP. Check its address."
    )


def _message(error: "MCPError", mask: SecretMask) -> str:
    return mask.beginning(error.message, MAX_ERROR_CHARS)[0]
