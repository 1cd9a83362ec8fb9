"""Serving the site from this process, and ending in order when told to."""

import gc
import socket
from types import FrameType

import uvicorn

# Requests under way get so long; streams are sent away at once.
DRAIN_SECONDS = 5
# The runner's objects live long: fewer, larger collections cost less time.
GC_THRESHOLD = 50_000


class Server(uvicorn.Server):
    """Uvicorn, but open streams end with a hint instead of holding up the stop."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        from agentarium.config.asgi import application

        application.drain()
        super().handle_exit(sig, frame)


def open_socket(host: str, port: int) -> socket.socket:
    """Listen on an address. Raises `OSError` if that cannot be done; port 0 is any."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def serve(listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT. Django has to be set up."""
    config = uvicorn.Config(
        "agentarium.config.asgi:application",
        lifespan="on",
        timeout_graceful_shutdown=DRAIN_SECONDS,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
    )
    config.load()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 100)
    Server(config).run(sockets=[listener])
