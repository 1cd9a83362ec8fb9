"""Serve the site from this process, and shut down gracefully on a signal."""

import asyncio
import signal
import socket
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from django.conf import settings
from django.utils.module_loading import import_string

from agentarium.cli.serving.garbage_collection import freeze_loaded_objects
from agentarium.observability.background import repeat_on_failure
from agentarium.observability.stuck_threads import end_process_after
from agentarium.server.connections.descriptors import (
    address_ceiling,
    connection_ceiling,
)
from agentarium.server.connections.protocol import LimitedProtocol
from agentarium.server.connections.registry import Registry

# Time for requests in progress at a stop; streams are ended immediately.
DRAIN_SECONDS = 5
BACKLOG = 2048
# Longer than proxies keep theirs open: a request that a proxy sends on a connection
# while we close it fails.
KEEP_ALIVE_SECONDS = 75
CHECK_SECONDS = 1.0
# How long a shutdown may take beyond the grace period of running tasks. No request waits
# for the database, and no worker for its release, for longer.
STOP_MARGIN_SECONDS = 30


class Server(uvicorn.Server):
    """Uvicorn, which also closes slow connections.

    A stop ends open streams, with a hint to the client to reconnect.
    """

    def __init__(
        self, config: uvicorn.Config, registry: Registry, on_ready: Callable[[], None]
    ) -> None:
        # Needs Django set up.
        from agentarium.worker.process import end_grace

        super().__init__(config)
        self._registry = registry
        self._on_ready = on_ready
        self._end_grace = end_grace

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._checking = asyncio.create_task(
            repeat_on_failure("connections", self._check_connections)
        )
        await super().startup(sockets)
        if self.started:
            import_string(settings.ASGI_APPLICATION).probes.begin()
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        end_process_after(
            settings.STOP_GRACE_SECONDS + STOP_MARGIN_SECONDS,
            "the shutdown of the server",
        )
        import_string(settings.ASGI_APPLICATION).drain()
        await super().shutdown(sockets)
        self._checking.cancel()
        if self.force_exit:
            # Uvicorn leaves this out; the runner has tasks to release.
            await self.lifespan.shutdown()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; on a second signal wait neither for requests nor for running tasks."""
        if self.should_exit:
            self.force_exit = True
            self._end_grace()
        super().handle_exit(sig, frame)

    async def _check_connections(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            self._registry.check_time()


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
    registry = Registry(ceiling=connection_ceiling(), address_ceiling=address_ceiling())
    protocol: Any = partial(LimitedProtocol, registry=registry)
    config = uvicorn.Config(
        "agentarium.config.asgi:application",
        http=protocol,
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
        Server(config, registry, on_ready).run(sockets=[listener])
    except SystemExit:
        # This is how uvicorn reports a failed start.
        return False
    return True


def _ignore_signal(_signal: int, _frame: FrameType | None) -> None:
    """The server has shut down already."""
