"""Serves `/metrics`, `/healthz` and `/readyz` in a worker process."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import structlog
from django.conf import settings
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from agentarium.observability.metrics import REGISTRY, holds_metrics_token
from agentarium.server.background_check import SILENT
from agentarium.server.health import (
    LIVENESS_PATH,
    READINESS_PATH,
    WAIT_SECONDS,
    Body,
    ReadinessChecks,
    liveness,
    status_of,
)

log = structlog.get_logger(__name__)

# How many ports are tried: the limit of worker processes on one machine.
MAX_PORTS = 100
# Each has a thread, so that others must not be able to open more.
MAX_CONNECTIONS = 20


class _Handler(BaseHTTPRequestHandler):
    timeout = 10
    server: "_Server"

    def do_GET(self) -> None:
        authorization = self.headers.get("Authorization", "")
        if self.path == LIVENESS_PATH:
            self._answer_probe(liveness(self.server.runner_problem()))
        elif self.path == READINESS_PATH:
            self._answer_probe(self.server.readiness.read_in_thread())
        elif self.path == "/metrics" and holds_metrics_token(authorization):
            self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(REGISTRY))
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def _answer_probe(self, body: Body) -> None:
        self._answer(status_of(body), "application/json", orjson.dumps(body))

    def _answer(self, status: HTTPStatus, media_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing: scrapes would drown the other messages."""


class _Server(ThreadingHTTPServer):
    # Two processes on one port would each answer some of the scrapes.
    allow_reuse_port = False
    daemon_threads = True

    def __init__(self, port: int, loop: asyncio.AbstractEventLoop | None) -> None:
        super().__init__((settings.HOST, port), _Handler)
        self.readiness = ReadinessChecks()
        self._loop = loop
        self._free = threading.BoundedSemaphore(MAX_CONNECTIONS)

    def runner_problem(self) -> str:
        """Whether the runner's event loop does anything."""
        if self._loop is None:
            return ""
        is_alive = threading.Event()
        try:
            self._loop.call_soon_threadsafe(is_alive.set)
        except RuntimeError:
            return "has stopped"
        return "" if is_alive.wait(WAIT_SECONDS) else SILENT

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()


@contextmanager
def serving_metrics(loop: asyncio.AbstractEventLoop | None = None) -> Iterator[int]:
    """Serve the metrics of this process and its health; `loop` is the runner's.

    Yields the port, or 0 if none is served.
    """
    server = _listen(loop) if settings.WORKER_METRICS_PORT else None
    if server is None:
        yield 0
        return
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        server.readiness.close()


def _listen(loop: asyncio.AbstractEventLoop | None) -> _Server | None:
    """Listen on the first free port, starting at the configured one.

    None if there is no free port: tasks matter more than metrics.
    """
    first: int = settings.WORKER_METRICS_PORT
    for port in range(first, first + MAX_PORTS):
        try:
            server = _Server(port, loop)
        except OSError as error:
            log.debug("metrics.port_taken", port=port, error=str(error))
            continue
        log.info("metrics.serving", port=port)
        return server
    log.warning("metrics.no_port", first=first)
    return None
