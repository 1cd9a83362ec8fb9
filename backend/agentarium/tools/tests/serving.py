"""Servers for synchronous tests; each one runs an event loop in a thread."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, Self

from bench.fake_tools.mcp_server import FakeMcpServer
from bench.fake_tools.server import FakeTools


class Serving:
    """`with Serving(server)` is a synchronous `async with server`."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._stack = AsyncExitStack()

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._stack.enter_async_context(self._server))
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    @property
    def url(self) -> str:
        return str(self._server.url)


class ToolsServing(Serving):
    def __init__(self) -> None:
        self.tools = FakeTools()
        super().__init__(self.tools)

    @property
    def received(self) -> Any:
        return self.tools.received


class McpServing(Serving):
    def __init__(self, *, token: str = "") -> None:
        self._fake = FakeMcpServer(token=token)
        super().__init__(self._fake)

    @property
    def requests(self) -> Any:
        return self._fake.requests

    def add(self, tool: Callable[..., Any], **options: Any) -> None:
        """Offer one more tool from now on: a function, whose docstring describes it."""
        self._fake.mcp.add_tool(tool, **options)

    def remove(self, name: str) -> None:
        self._fake.mcp.remove_tool(name)

    def change(self, name: str, tool: Callable[..., Any], **options: Any) -> None:
        self.remove(name)
        self.add(tool, name=name, **options)
