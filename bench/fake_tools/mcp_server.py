"""A real MCP server, built with the official SDK, whose tools count their calls.

`async with FakeMcpServer() as server:` serves streamable HTTP at `server.url`;
`python -m bench.fake_tools.mcp_server` speaks over stdin and stdout.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Literal, Self

import orjson
import uvicorn
from mcp.server.mcpserver import Context, Image, MCPServer
from mcp_types import ToolAnnotations

IDEMPOTENCY_KEY = "agentarium/idempotency-key"
# The version of the protocol: "legacy" has a handshake and sessions.
Era = Literal["legacy", "modern"]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Counts:
    """The calls of the tools, and the idempotency keys that came with them."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.keys: Counter[str] = Counter()
        self.cancelled = 0
        self.began = asyncio.Event()


def counting_server(counts: Counts) -> MCPServer:
    """Create the server; its tools update `counts`."""
    server = MCPServer("counting", log_level="CRITICAL")
    tools = Tools(counts)
    reads = ToolAnnotations(read_only_hint=True)
    server.add_tool(tools.add, annotations=reads)
    server.add_tool(tools.put, annotations=ToolAnnotations(idempotent_hint=True))
    server.add_tool(tools.send_mail, name="send.mail")
    for tool in (tools.wait, tools.fail, tools.picture):
        server.add_tool(tool)
    return server


class Tools:
    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def _count(self, name: str, context: Context[Any, Any]) -> None:
        self._counts.calls[name] += 1
        meta: Any = context.request_context.meta or {}
        self._counts.keys[str(meta.get(IDEMPOTENCY_KEY, ""))] += 1

    def add(self, a: int, b: int, context: Context[Any, Any]) -> str:
        """Add two numbers."""
        self._count("add", context)
        return str(a + b)

    def put(self, name: str, context: Context[Any, Any]) -> dict[str, str]:
        """Store a name."""
        self._count("put", context)
        return {"stored": name}

    def send_mail(self, text: str, context: Context[Any, Any]) -> str:
        """Send a mail."""
        self._count("send.mail", context)
        return f"sent {text}"

    async def wait(self, context: Context[Any, Any]) -> str:
        """Wait forever."""
        self._count("wait", context)
        self._counts.began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self._counts.cancelled += 1
            raise
        return "never"

    def fail(self, context: Context[Any, Any]) -> str:
        """Fail."""
        self._count("fail", context)
        raise ValueError("The printer is on fire.")

    def picture(self, context: Context[Any, Any]) -> Image:
        """Draw a picture."""
        self._count("picture", context)
        return Image(data=b"\x89PNG", format="png")


class FakeMcpServer:
    """The counting server, or another one, over streamable HTTP, in this process."""

    def __init__(
        self, era: Era = "modern", *, token: str = "", server: Any = None
    ) -> None:
        self.counts = Counts()
        # Tests add, remove and change its tools while it serves.
        self.mcp: Any = server or counting_server(self.counts)
        self.requests: list[dict[str, str]] = []
        self.methods: list[str] = []
        self.open = 0
        self.url = ""
        self._era = era
        self._token = token
        self._app: Any = None
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None

    def forget_token(self) -> None:
        """Let everyone in from now on."""
        self._token = ""

    async def __aenter__(self) -> Self:
        self._app = self.mcp.streamable_http_app()
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
        config = uvicorn.Config(
            self._answer,
            log_level="critical",
            interface="asgi3",
            ws="none",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        async with asyncio.timeout(10):
            while not self._server.started:
                await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        assert self._serving is not None
        self._server.should_exit = True
        await self._serving

    async def _answer(self, scope: Any, receive: Receive, send: Send) -> None:
        """Record the request, check the token, and imitate a legacy server."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.requests.append(headers)
        message = await receive()
        body = orjson.loads(message["body"] or b"null") or {}
        self.methods.append(f"{scope['method']} {body.get('method', '')}".strip())
        if self._token and headers.get("authorization") != f"Bearer {self._token}":
            await _refuse(send, 401, {"error": "unauthorized"})
        elif self._era == "legacy" and body.get("method") == "server/discover":
            error = {"code": -32601, "message": "Method not found"}
            await _refuse(
                send, 400, {"jsonrpc": "2.0", "id": body["id"], "error": error}
            )
        else:
            await self._pass_on(scope, message, receive, send)

    async def _pass_on(
        self, scope: Any, message: Message, receive: Receive, send: Send
    ) -> None:
        pending = [message]

        async def receive_again() -> Message:
            return pending.pop() if pending else await receive()

        self.open += 1
        try:
            await self._app(scope, receive_again, send)
        finally:
            self.open -= 1


async def _refuse(send: Send, status: int, body: Any) -> None:
    headers = [(b"content-type", b"application/json")]
    start = {"type": "http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": orjson.dumps(body)})


if __name__ == "__main__":
    counting_server(Counts()).run()
