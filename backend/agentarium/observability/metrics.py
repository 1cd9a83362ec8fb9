"""What this process counts, in the form that Prometheus reads.

Labels are bounded: templates of routes, names of providers, statuses. What the
database knows is not counted here, but asked when somebody reads.
"""

from functools import cache
from hmac import compare_digest
from typing import Any

from django.conf import settings
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
)

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

# Seconds: of what a person waits for, of what a model does, and of whole tasks.
QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SLOW = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320)
LONG = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14400)
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500)


def _counter(name: str, meaning: str, *labels: str) -> Counter:
    return Counter(f"agentarium_{name}", meaning, labels, registry=REGISTRY)


def _histogram(
    name: str, meaning: str, buckets: tuple[float, ...], *labels: str
) -> Histogram:
    return Histogram(
        f"agentarium_{name}", meaning, labels, buckets=buckets, registry=REGISTRY
    )


REQUESTS = _counter(
    "http_requests_total", "Requests answered.", "method", "route", "status"
)
REQUEST_SECONDS = _histogram(
    "http_request_duration_seconds",
    "Time until the answer; of streams, until they begin.",
    QUICK,
    "method",
    "route",
)
STREAMS_OPEN = Gauge(
    "agentarium_streams_open", "Streams and downloads open here.", registry=REGISTRY
)

TASKS_SUBMITTED = _counter("tasks_submitted_total", "Tasks accepted here.")
TASKS_ENDED = _counter("tasks_ended_total", "Tasks that ended here.", "status")
TASK_SECONDS = _histogram(
    "task_duration_seconds",
    "From a task's first start to its end by a worker.",
    LONG,
    "status",
)
QUEUE_SECONDS = _histogram(
    "task_queue_seconds", "From when a task could begin to its first start.", SLOW
)
ATTEMPTS_STARTED = _counter("attempts_started_total", "Attempts that began here.")
ATTEMPTS_LOST = _counter(
    "attempts_lost_total", "Attempts of dead workers that were found here."
)

MODEL_CALLS = _counter(
    "model_calls_total",
    "Calls of models; the status is ok, interrupted, or an error's code.",
    "provider",
    "status",
)
MODEL_SECONDS = _histogram(
    "model_call_duration_seconds", "Time of a model's call.", SLOW, "provider"
)
MODEL_TOKENS = _counter(
    "model_tokens_total", "Tokens of finished calls.", "provider", "direction"
)
TOOL_CALLS = _counter(
    "tool_calls_total", "Calls of tools: ok, error or interrupted.", "status"
)
TOOL_SECONDS = _histogram("tool_call_duration_seconds", "Time of a tool's call.", SLOW)

EVENT_WRITER_BATCH_SIZE = _histogram(
    "journal_batch_entries", "What many tasks wrote in one transaction.", SIZES
)
EVENT_WRITER_SECONDS = _histogram(
    "journal_write_seconds", "Time of such a transaction.", QUICK
)


@cache
def labelled(metric: Any, *values: str) -> Any:
    """The part of a metric with these labels, found once."""
    return metric.labels(*values)


def holds_metrics_token(authorization: str) -> bool:
    """Whether an `Authorization` header has the token that the operator has set."""
    token: str = settings.METRICS_TOKEN
    given = authorization.removeprefix("Bearer ").strip()
    return bool(token) and compare_digest(given.encode(), token.encode())
