"""Gauges of the queue and its workers, queried from the database at each scrape."""

from collections.abc import Iterable, Iterator

import structlog
from django.db import DatabaseError, InterfaceError
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily

from agentarium.operations import queue_state

log = structlog.get_logger(__name__)


class QueueCollector:
    """The queue and its workers: six queries, whose cost `queue_state` bounds."""

    def collect(self) -> Iterable[Metric]:
        """Only `database_up`, which is 0, if the database is unavailable."""
        try:
            gauges = list(_read())
        except (DatabaseError, InterfaceError) as error:
            log.warning("metrics.database_unavailable", error=str(error))
            gauges = []
        yield _gauge("database_up", "Whether the database answers.", bool(gauges))
        yield from gauges


def _read() -> Iterator[Metric]:
    depth = queue_state.read_depth()
    tasks = GaugeMetricFamily(
        "agentarium_tasks", "Tasks that have not ended, by status.", labels=["status"]
    )
    for status in ("pending", "running", "waiting"):
        tasks.add_metric([status], getattr(depth, status))
    yield tasks
    due = GaugeMetricFamily(
        "agentarium_queue_tasks",
        "Pending tasks that are due, by priority.",
        labels=["priority"],
    )
    for due_count in depth.priorities:
        due.add_metric([str(due_count.priority)], due_count.count)
    yield due
    oldest = queue_state.find_oldest()
    yield _gauge(
        "queue_oldest_age_seconds",
        "Seconds that the oldest due task has been waiting in the queue.",
        oldest.age_seconds if oldest else 0,
    )
    workers = queue_state.count_workers()
    yield _gauge("workers_alive", "Workers with a valid lease.", workers.alive)
    yield _gauge(
        "workers_capacity",
        "Tasks that the alive workers can run concurrently.",
        workers.capacity,
    )


def _gauge(name: str, description: str, value: float) -> Metric:
    return GaugeMetricFamily(f"agentarium_{name}", description, value=value)


QUEUE = CollectorRegistry()
QUEUE.register(QueueCollector())
