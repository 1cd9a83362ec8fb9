"""OpenTelemetry traces, where an endpoint is configured; otherwise nothing at all.

Spans say what was done, for how long, and how it ended: never what was said. The
libraries are imported with the first span, and not without an endpoint.
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
# A collector that is slow or away must not hold up the end of a process for long.
EXPORT_SECONDS = 5

# Asked every few seconds by machines.
UNTRACED = PROBES | {"/metrics"}

_traceparent: ContextVar[str] = ContextVar("traceparent", default="")


class Span(Protocol):
    """Something that was done. Ended once."""

    def set(self, attributes: Attributes) -> None: ...

    def fail(self, kind: str) -> None:
        """It failed; `kind` is a code or the name of an exception."""
        ...

    def end(self) -> None: ...


class _NoSpan:
    """What is done where nobody traces."""

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
        """As the W3C's header has it."""
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
    """Of the request that is being answered; empty where nobody traces."""
    return _traceparent.get()


def begin(
    name: str,
    attributes: Attributes,
    *,
    kind: Kind = "internal",
    parent: Span | str = NO_SPAN,
    link: str = "",
) -> Span:
    """A span from now on, below `parent`: a span, or the `traceparent` of one elsewhere.

    `link` is the `traceparent` of what led to this, but is not a part of it.
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
    """OpenTelemetry's context of a parent; an empty one, so none, for a root."""
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
    """Sends spans in batches, from a thread of its own."""
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
    """A span for each request, below the caller's own where it sends one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not is_on():
            raise MiddlewareNotUsed
        # Slow to load: now, and not while the first request waits.
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
