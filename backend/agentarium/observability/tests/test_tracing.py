"""Traces of requests: sent to the configured collector, and none without it."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)
from opentelemetry.trace import SpanKind, StatusCode
from pytest_django import Settings

from agentarium.observability import tracing
from agentarium.observability.tests.spans import Spans, parent_of
from agentarium.observability.tests.spans import spans as spans

SESSION = "/api/auth/session/"
CALLER = f"00-{'1' * 32}-{'2' * 16}-01"


@pytest.mark.django_db
class TestRequests:
    def test_adds_a_span_below_the_callers(self, client: Client, spans: Spans) -> None:
        client.get(SESSION, headers={"traceparent": CALLER})

        span = spans.only(f"GET {SESSION}")
        assert parent_of(span) == (int("1" * 32, 16), int("2" * 16, 16))
        assert span.kind is SpanKind.SERVER
        assert span.attributes
        assert span.attributes["http.response.status_code"] == 200
        assert span.attributes["http.route"] == SESSION

    @pytest.mark.parametrize("traceparent", ["", "nonsense", f"00-{'0' * 32}-1-01"])
    def test_begins_a_trace_if_the_caller_has_none(
        self, client: Client, spans: Spans, traceparent: str
    ) -> None:
        client.get(SESSION, headers={"traceparent": traceparent})

        assert spans.only("GET").parent is None

    @pytest.mark.parametrize("path", ["/healthz", "/metrics"])
    def test_leaves_out_probes_and_scrapes(
        self, client: Client, spans: Spans, path: str
    ) -> None:
        client.get(path)

        assert spans.all == ()

    def test_records_no_query_string(self, client: Client, spans: Spans) -> None:
        client.get("/api/nothing/?q=secret")

        assert "secret" not in spans.only("GET unmatched").to_json()

    def test_marks_a_failed_request(self, spans: Spans) -> None:
        tracing.TracingMiddleware(lambda _: HttpResponse(status=500))(
            RequestFactory().get("/")
        )

        assert spans.only("GET").status.status_code is StatusCode.ERROR

    def test_is_current_only_during_the_request(self, spans: Spans) -> None:
        seen: list[str] = []

        def respond(_: HttpRequest) -> HttpResponse:
            seen.append(tracing.current_traceparent())
            return HttpResponse()

        tracing.TracingMiddleware(respond)(
            RequestFactory().get("/", headers={"traceparent": CALLER})
        )

        assert seen[0].startswith(f"00-{'1' * 32}-")
        assert tracing.current_traceparent() == ""


class Collector(HTTPServer):
    """Records what exporters send."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), CollectorHandler)
        self.received: list[tuple[str, ExportTraceServiceRequest]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class CollectorHandler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = ExportTraceServiceRequest.FromString(body)
        self.server.received.append((self.path, request))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_sends_spans_to_the_configured_collector(
    collector: Collector, settings: Settings
) -> None:
    settings.OTLP_ENDPOINT = collector.url
    tracing.provider.cache_clear()
    try:
        tracing.begin("chat model", {"gen_ai.operation.name": "chat"}).end()
        tracing.provider().shutdown()
    finally:
        tracing.provider.cache_clear()

    ((path, sent),) = collector.received
    (resource,) = sent.resource_spans
    assert path == "/v1/traces"
    assert [span.name for span in resource.scope_spans[0].spans] == ["chat model"]
    names = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert names["service.name"] == "agentarium"


class TestWithoutAnEndpoint:
    def test_does_nothing(self, settings: Settings) -> None:
        settings.OTLP_ENDPOINT = ""

        assert tracing.begin("anything", {}) is tracing.NO_SPAN
        with pytest.raises(MiddlewareNotUsed):
            tracing.TracingMiddleware(lambda _: HttpResponse())

    def test_imports_nothing(self, tmp_path: Path) -> None:
        code = (
            "import sys, agentarium.config.asgi as asgi;"
            "from agentarium.observability import tracing;"
            "tracing.begin('x', {}).end();"
            "print([n for n in sys.modules if n.startswith('opentelemetry.sdk')])"
        )
        process = subprocess.run(  # noqa: S603
            [sys.executable, "-c", code],
            env={
                "AGENTARIUM_DATA": str(tmp_path),
                "PYTHONPATH": str(Path(__file__).parents[3]),
            },
            capture_output=True,
            text=True,
            check=True,
        )

        assert process.stdout.strip() == "[]"
