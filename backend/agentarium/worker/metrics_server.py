"""`/metrics` of a worker process, which serves nothing else."""

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

# So many worker processes of one machine find a port, one after the other.
MAX_PROCESSES = 100


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
        """A log line for each look would be all that the log says."""


class _Server(ThreadingHTTPServer):
    # Two processes on one port would each be seen now and then.
    allow_reuse_port = False
    daemon_threads = True


@contextmanager
def serving_metrics() -> Iterator[int]:
    """Serve what this process counts, where a port is configured: on that, or 0."""
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
    """On the first free port from the configured one on; none is worth no task."""
    first: int = settings.WORKER_METRICS_PORT
    for port in range(first, first + MAX_PROCESSES):
        try:
            server = _Server((settings.HOST, port), _Handler)
        except OSError as error:
            log.debug("metrics.port_taken", port=port, error=str(error))
            continue
        log.info("metrics.serving", port=port)
        return server
    log.warning("metrics.no_port", first=first)
    return None
