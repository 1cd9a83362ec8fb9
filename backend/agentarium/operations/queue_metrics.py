"""What the database knows, as gauges: read when somebody reads them."""

from collections.abc import Iterable, Iterator

import structlog
from django.db import DatabaseError, InterfaceError
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily

from agentarium.operations import queue_state

log = structlog.get_logger(__name__)


class QueueCollector:
    """The queue and its workers. Six queries, each as `queue_state` bounds it."""

    def collect(self) -> Iterable[Metric]:
        """Where the database is away, that is all there is to tell."""
        try:
            found = list(_read())
        except (DatabaseError, InterfaceError) as error:
            log.warning("metrics.database_away", error=str(error))
            found = []
        yield _gauge("database_up", "Whether the database answers.", bool(found))
        yield from found


def _read() -> Iterator[Metric]:
    depth = queue_state.read_depth()
    tasks = GaugeMetricFamily(
        "agentarium_tasks", "Live tasks by status.", labels=["status"]
    )
    for status in ("pending", "running", "waiting"):
        tasks.add_metric([status], getattr(depth, status))
    yield tasks
    due = GaugeMetricFamily(
        "agentarium_queue_tasks",
        "Pending tasks that could be begun, by priority.",
        labels=["priority"],
    )
    for each in depth.priorities:
        due.add_metric([str(each.priority)], each.count)
    yield due
    oldest = queue_state.find_oldest()
    yield _gauge(
        "queue_oldest_age_seconds",
        "For how long the oldest of those could have been begun.",
        oldest.age_seconds if oldest else 0,
    )
    fleet = queue_state.read_fleet()
    yield _gauge("workers_alive", "Workers that hold a lease.", fleet.alive)
    yield _gauge(
        "workers_capacity", "How many tasks those can hold at once.", fleet.capacity
    )


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"agentarium_{name}", meaning, value=value)


QUEUE = CollectorRegistry()
QUEUE.register(QueueCollector())
