"""The official SDK, as it is used here.

It is imported on first use, because that takes seconds. It is imported on a thread:
the event loop, and so everybody's streams, must not wait for it.
"""

import asyncio
import importlib
import logging
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp import Client
    from mcp_types import CallToolResult

# They import all modules of the SDK that are used here.
_MODULES = tuple(
    f"agentarium.runtime.tools.mcp.{name}" for name in ("refusals", "streams")
)
_is_imported = threading.Event()


def skip_output_validation(client: "Client") -> None:
    """Keep the SDK from checking results against the schemas of their server.

    It matches the server's patterns with backtracking, on the event loop. The model gets
    the result as text, so the check would gain nothing.
    """

    async def skip(name: str, result: "CallToolResult") -> None:
        pass

    client.session.validate_tool_result = skip  # type: ignore[method-assign]


async def import_sdk() -> None:
    """Import the SDK on a thread. Until that is done, an `import` here would wait."""
    if not _is_imported.is_set():
        for module in _MODULES:
            await asyncio.to_thread(importlib.import_module, module)
        _is_imported.set()


def silence_sdk() -> None:
    """Turn off the SDK's logs: they contain unparsable messages, with users' data."""
    for name in ("mcp", "client", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
