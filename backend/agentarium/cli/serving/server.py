"""Serve the site from this process, and shut down gracefully on a signal."""

import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from django.conf import settings
from django.utils.module_loading import import_string
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from agentarium.cli.serving.garbage_collection import freeze_loaded_objects
from agentarium.server.sending import ABORT, CLOSE

# Time for requests in progress at a stop; streams are ended immediately.
DRAIN_SECONDS = 5
BACKLOG = 2048
# Longer than proxies keep theirs open: a request that a proxy sends on a connection
# while we close it fails.
KEEP_ALIVE_SECONDS = 75


class AbortableProtocol(HttpToolsProtocol):
    """HTTP over a connection that the site can close while its reader takes nothing.

    Closed in the usual way, it would wait for the reader to take what is buffered.
    """

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: {CLOSE: self.transport.abort}}


class Server(uvicorn.Server):
    """Uvicorn, but a stop ends open streams, with a hint to the client to reconnect."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        import_string(settings.ASGI_APPLICATION).drain()
        await super().shutdown(sockets)


def open_socket(host: str, port: int) -> socket.socket:
    """Listen on an address; port 0 picks a free one. Raises `OSError` if it is taken.

    The socket listens from here on: a client that connects during the rest of the
    start waits instead of being refused.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def serve(listener: socket.socket, *, on_ready: Callable[[], None]) -> bool:
    """Serve until SIGTERM or SIGINT, then shut down gracefully. Needs Django set up.

    Calls `on_ready` once requests are accepted. Returns False if the start failed.
    """
    config = uvicorn.Config(
        "agentarium.config.asgi:application",
        http=AbortableProtocol,
        lifespan="on",
        ws="none",
        timeout_graceful_shutdown=DRAIN_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
    )
    config.load()
    site = import_string(settings.ASGI_APPLICATION)
    site.bound_host = listener.getsockname()[0]
    freeze_loaded_objects()
    # Uvicorn raises the signal again after the shutdown; it has been handled by then.
    signal.signal(signal.SIGTERM, _ignore_signal)
    signal.signal(signal.SIGINT, _ignore_signal)
    try:
        Server(config, on_ready).run(sockets=[listener])
    except SystemExit:
        # This is how uvicorn reports a failed start.
        return False
    return True


def _ignore_signal(_signal: int, _frame: FrameType | None) -> None:
    """The server has shut down already."""
