"""Serving the site from this process, and ending in order when told to."""

import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from django.conf import settings
from django.utils.module_loading import import_string

from agentarium.cli.serving.garbage_collection import expect_many_objects

# Requests under way get so long; streams are sent away at once.
DRAIN_SECONDS = 5
BACKLOG = 2048
# Longer than proxies keep theirs open: one that asks on a connection which we close at
# that moment has an error to answer.
KEEP_ALIVE_SECONDS = 75


class Server(uvicorn.Server):
    """Uvicorn, but open streams end with a hint instead of holding up the stop."""

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
    """Listen on an address; port 0 is any free one. Raises `OSError` if it is taken.

    It listens from here on, so that nobody else can: who connects while the rest of
    the start takes its time, waits instead of being refused.
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
    """Serve until SIGTERM or SIGINT, then end in order. Django has to be set up.

    `on_ready` is called once requests are answered. False if it came to no start.
    """
    config = uvicorn.Config(
        "agentarium.config.asgi:application",
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
    expect_many_objects()
    # Uvicorn raises the signal again when it is done; by then it has been obeyed.
    signal.signal(signal.SIGTERM, _obeyed)
    signal.signal(signal.SIGINT, _obeyed)
    try:
        Server(config, on_ready).run(sockets=[listener])
    except SystemExit:
        # So uvicorn says that the start has failed.
        return False
    return True


def _obeyed(_signal: int, _frame: FrameType | None) -> None:
    """Nothing is left to do."""
