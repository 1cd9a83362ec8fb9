"""OpenTelemetry traces, if an endpoint is configured. Otherwise this does nothing.

Spans record what was done, how long it took and how it ended, never the content. The
libraries are imported with the first span, and not at all without an endpoint.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import cache
from typing import Any, Literal, Protocol

import structlog
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from agentarium import __version__
from agentarium.core.request_id import current_request_id
from agentarium.observability.request_log import PROBES
from agentarium.observability.request_metrics import route_of

Kind = Literal["internal", "server", "client"]
Attributes = Mapping[str, Any]
# A collector that is slow or away must not delay the end of a process for long.
EXPORT_SECONDS = 5

# Requested every few seconds by probes and Prometheus.
UNTRACED = PROBES | {"/metrics"}

_traceparent: ContextVar[str] = ContextVar("traceparent", default="")


class Span(Protocol):
    """A span of a trace. Call `end` once."""

    def set(self, attributes: Attributes) -> None: ...

    def fail(self, kind: str) -> None:
        """Mark it as failed. `kind` is an error code or the name of an exception."""
        ...

    def end(self) -> None: ...


class _NoSpan:
    """The span without an endpoint: it does nothing."""

    def set(self, attributes: Attributes) -> None:
        pass

    def fail(self, kind: str) -> None:
        pass

    def end(self) -> None:
        pass


class _RealSpan:
    def __init__(self, span: Any) -> None:
        self.span = span

    @property
    def traceparent(self) -> str:
        """The value of the W3C `traceparent` header."""
        context = self.span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def set(self, attributes: Attributes) -> None:
        known = {name: value for name, value in attributes.items() if value is not None}
        self.span.set_attributes(known)

    def fail(self, kind: str) -> None:
        from opentelemetry.trace import StatusCode

        self.span.set_attribute("error.type", kind)
        self.span.set_status(StatusCode.ERROR)

    def end(self) -> None:
        self.span.end()


NO_SPAN = _NoSpan()


def is_on() -> bool:
    return bool(settings.OTLP_ENDPOINT)


def current_traceparent() -> str:
    """The `traceparent` of the current request, or empty without tracing."""
    return _traceparent.get()


def begin(
    name: str,
    attributes: Attributes,
    *,
    kind: Kind = "internal",
    parent: Span | str = NO_SPAN,
    link: str = "",
) -> Span:
    """Begin a span below `parent`: a span, or the `traceparent` of another process.

    `link` is the `traceparent` of a span that caused this one without containing it.
    """
    if not is_on():
        return NO_SPAN
    from opentelemetry.trace import Link, SpanKind, get_current_span

    links = [Link(get_current_span(_context(link)).get_span_context())] if link else []
    span = _RealSpan(
        _tracer().start_span(
            name,
            context=_context(parent),
            kind=SpanKind[kind.upper()],
            links=links,
        )
    )
    span.set(attributes)
    return span


def _context(parent: Span | str) -> Any:
    """OpenTelemetry's context of a parent, or an empty one for a root span."""
    from opentelemetry.context import Context
    from opentelemetry.trace import set_span_in_context
    from opentelemetry.trace.propagation.tracecontext import (
        TraceContextTextMapPropagator,
    )

    if isinstance(parent, _RealSpan):
        return set_span_in_context(parent.span, Context())
    if isinstance(parent, str):
        carrier = {"traceparent": parent}
        return TraceContextTextMapPropagator().extract(carrier, Context())
    return Context()


def _tracer() -> Any:
    return provider().get_tracer("agentarium", __version__)


@cache
def provider() -> Any:
    """The provider that sends spans in batches, from its own thread."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    attributes = {"service.name": settings.OTEL_SERVICE, "service.version": __version__}
    traces = TracerProvider(resource=Resource.create(attributes))
    exporter = OTLPSpanExporter(
        endpoint=f"{settings.OTLP_ENDPOINT.rstrip('/')}/v1/traces",
        timeout=EXPORT_SECONDS,
    )
    traces.add_span_processor(BatchSpanProcessor(exporter))
    return traces


class TracingMiddleware:
    """Begins a span for each request, below the span of the caller if it sends one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not is_on():
            raise MiddlewareNotUsed
        # Slow to load: load it now, not during the first request.
        provider()
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in UNTRACED:
            return self.get_response(request)
        span = begin(
            str(request.method),
            {
                "http.request.method": request.method,
                "url.path": request.path,
                "agentarium.request.id": current_request_id(),
            },
            kind="server",
            parent=request.headers.get("traceparent", ""),
        )
        assert isinstance(span, _RealSpan)
        token = _traceparent.set(span.traceparent)
        trace_id = span.traceparent.split("-")[1]
        try:
            with structlog.contextvars.bound_contextvars(trace_id=trace_id):
                response = self.get_response(request)
        finally:
            _traceparent.reset(token)
        _finish(span, request, response)
        return response


def _finish(span: _RealSpan, request: HttpRequest, response: HttpResponse) -> None:
    route = route_of(request)
    span.span.update_name(f"{request.method} {route}")
    span.set({"http.route": route, "http.response.status_code": response.status_code})
    if response.status_code >= 500:
        span.fail(str(response.status_code))
    span.end()
