"""Serves `/metrics` in a worker process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import structlog
from django.conf import settings
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from agentarium.observability.metrics import REGISTRY, holds_metrics_token

log = structlog.get_logger(__name__)

# How many ports are tried: the limit of worker processes on one machine.
MAX_PORTS = 100


class _Handler(BaseHTTPRequestHandler):
    timeout = 10

    def do_GET(self) -> None:
        authorization = self.headers.get("Authorization", "")
        if self.path != "/metrics" or not holds_metrics_token(authorization):
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        body = generate_latest(REGISTRY)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", CONTENT_TYPE_LATEST)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing: scrapes would drown the other messages."""


class _Server(ThreadingHTTPServer):
    # Two processes on one port would each answer some of the scrapes.
    allow_reuse_port = False
    daemon_threads = True


@contextmanager
def serving_metrics() -> Iterator[int]:
    """Serve the metrics of this process. Yields the port, or 0 if none is served."""
    server = _listen() if settings.WORKER_METRICS_PORT else None
    if server is None:
        yield 0
        return
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def _listen() -> _Server | None:
    """Listen on the first free port, starting at the configured one.

    None if there is no free port: tasks matter more than metrics.
    """
    first: int = settings.WORKER_METRICS_PORT
    for port in range(first, first + MAX_PORTS):
        try:
            server = _Server((settings.HOST, port), _Handler)
        except OSError as error:
            log.debug("metrics.port_taken", port=port, error=str(error))
            continue
        log.info("metrics.serving", port=port)
        return server
    log.warning("metrics.no_port", first=first)
    return None
