"""The metrics of this process, for Prometheus.

Labels have few values: route templates, provider names, statuses. Values that are in the
database are not counted here but queried for each scrape (`operations/queue_metrics.py`).
"""

from collections.abc import Iterator
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
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from agentarium.core.outages import all_outages
from agentarium.db.clock import CLOCK
from agentarium.db.reachability import on_silence
from agentarium.runtime.messages import Usage
from agentarium.runtime.providers.catalogue import PROVIDERS, split_model
from agentarium.runtime.utility_process.pool import failures

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

# In seconds: for requests, for model calls, and for whole tasks.
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
    "http_requests_total", "HTTP requests.", "method", "route", "status"
)
REQUEST_SECONDS = _histogram(
    "http_request_duration_seconds",
    "Time to the response; of streams, to their beginning.",
    QUICK,
    "method",
    "route",
)
STREAMS_OPEN = Gauge(
    "agentarium_streams_open",
    "Open streams and downloads of this process.",
    registry=REGISTRY,
)
STREAMS_CUT = _counter(
    "streams_cut_total",
    "Streams and downloads that were ended early: the reader took nothing for too long "
    "(stalled), or the caller lost access (revoked).",
    "reason",
)
CONNECTIONS_OPEN = Gauge(
    "agentarium_connections_open",
    "Open connections of clients to this process.",
    registry=REGISTRY,
)
CONNECTIONS_REFUSED = _counter(
    "connections_refused_total",
    "Connections refused at the ceiling for all, or for one address.",
    "reason",
)
CONNECTIONS_CLOSED = _counter(
    "connections_closed_total",
    "Connections closed because the client was too slow, by what was awaited (head, body,"
    " discard, answer), or to make room for another one.",
    "reason",
)

TASKS_SUBMITTED = _counter("tasks_submitted_total", "Tasks accepted by this process.")
TASKS_ENDED = _counter("tasks_ended_total", "Tasks ended by this process.", "status")
TASK_SECONDS = _histogram(
    "task_duration_seconds",
    "From a task's first start to its end by a worker.",
    LONG,
    "status",
)
QUEUE_SECONDS = _histogram(
    "task_queue_seconds", "From when a task was due to its first start.", SLOW
)
ATTEMPTS_STARTED = _counter(
    "attempts_started_total", "Attempts started by this process."
)
ATTEMPTS_LOST = _counter(
    "attempts_lost_total", "Attempts of lost workers, recovered by this process."
)

MODEL_CALLS = _counter(
    "model_calls_total",
    "Model calls; the status is ok, interrupted, or an error code.",
    "provider",
    "status",
)
MODEL_SECONDS = _histogram(
    "model_call_duration_seconds", "Duration of model calls.", SLOW, "provider"
)
MODEL_TOKENS = _counter(
    "model_tokens_total",
    "Tokens of model calls, estimated if the provider did not report them.",
    "provider",
    "direction",
)
TOOL_CALLS = _counter(
    "tool_calls_total", "Tool calls; the status is ok, error or interrupted.", "status"
)
TOOL_SECONDS = _histogram("tool_call_duration_seconds", "Duration of tool calls.", SLOW)

BACKGROUND_FAILURES = _counter(
    "background_failures_total",
    "Failed runs of periodic jobs and other background work, which is tried again.",
    "work",
)

EVENT_WRITER_BATCH_SIZE = _histogram(
    "event_writer_batch_size", "Writes of tasks per transaction.", SIZES
)
EVENT_WRITER_SECONDS = _histogram(
    "event_writer_write_seconds", "Duration of these transactions.", QUICK
)

DATABASE_SILENCES = _counter(
    "database_silences_total",
    "Connections to the database that were closed because nothing came from it.",
)
on_silence(DATABASE_SILENCES.inc)
CLOCK_OFFSET = Gauge(
    "agentarium_clock_offset_seconds",
    "How far the clock of this machine is ahead of the database's.",
    registry=REGISTRY,
)
CLOCK_OFFSET.set_function(lambda: CLOCK.machine_offset() if CLOCK.is_measured else 0.0)


@cache
def lease_gauges() -> tuple[Gauge, Gauge]:
    """The age of the lease, and whether it is valid; only a process with a runner has them."""
    return (
        Gauge(
            "agentarium_lease_age_seconds",
            "Time since the worker of this process last renewed its lease.",
            registry=REGISTRY,
        ),
        Gauge(
            "agentarium_lease_valid",
            "1 if the worker of this process holds a lease by its own clock, otherwise 0.",
            registry=REGISTRY,
        ),
    )


class UtilityProcessCollector(Collector):
    """The failures of utility processes, which the runtime counts."""

    def collect(self) -> Iterator[CounterMetricFamily]:
        family = CounterMetricFamily(
            "agentarium_utility_process_failures",
            "Utility processes that ran out of time or died, by what they did.",
            labels=("module", "failure"),
        )
        for (module, failure), count in [*failures.items()]:
            family.add_metric((module.rpartition(".")[2], failure), count)
        yield family


REGISTRY.register(UtilityProcessCollector())


class OutageCollector(Collector):
    """Which services this process can use, and for what."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(
            "agentarium_service_usable",
            "1 if the last use of a service (redis, broker) by this process worked, else 0.",
            labels=("service", "use"),
        )
        for names, is_out_of_order in all_outages().items():
            family.add_metric(names, 0 if is_out_of_order else 1)
        yield family


REGISTRY.register(OutageCollector())


@cache
def labelled(metric: Any, *values: str) -> Any:
    """The child of a metric with these labels, cached."""
    return metric.labels(*values)


def holds_metrics_token(authorization: str) -> bool:
    """Whether an `Authorization` header has the operator's metrics token."""
    token: str = settings.METRICS_TOKEN
    given = authorization.removeprefix("Bearer ").strip()
    return bool(token) and compare_digest(given.encode(), token.encode())


def count_tokens(model: str, usage: Usage) -> None:
    """Count the tokens of a call of the model `provider:name`."""
    provider, _ = split_model(model)
    provider = provider if provider in PROVIDERS else "other"
    labelled(MODEL_TOKENS, provider, "input").inc(usage.input_tokens)
    labelled(MODEL_TOKENS, provider, "output").inc(usage.output_tokens)
