"""A worker's right to execute: taken, renewed from a thread of its own, given back."""

import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models.expressions import CombinedExpression

from agentarium.core.clock import Now
from agentarium.tasks.models import Worker

log = structlog.get_logger(__name__)

# A lease survives two renewals that fail.
RENEWALS_PER_LEASE = 4
# An event loop that has not turned for so long is dead, though its threads live on.
LOOP_LIMIT_SECONDS = 60.0


def register_worker(*, capacity: int) -> Worker:
    """A new worker, with a lease from now on."""
    return Worker.objects.create(
        name=f"{socket.gethostname()}:{os.getpid()}",
        capacity=capacity,
        lease_until=_lease_end(),
    )


def renew_lease(worker: Worker) -> bool:
    """Renew; False if the worker has been declared lost, which cannot be undone."""
    renewed = Worker.objects.filter(pk=worker.pk, lost_at__isnull=True).update(
        lease_until=_lease_end()
    )
    return renewed == 1


def release_lease(worker: Worker) -> None:
    """End a worker that holds nothing any more."""
    Worker.objects.filter(pk=worker.pk).update(lease_until=Now(), lost_at=Now())


def _lease_end() -> CombinedExpression:
    return Now() + timedelta(seconds=settings.LEASE_SECONDS)


class Heartbeat:
    """Renews a worker's lease from its own thread, so that a busy loop keeps it.

    `on_lost` is called from that thread, once, when the worker was declared lost.
    """

    def __init__(self, worker: Worker, *, on_lost: Callable[[], None]) -> None:
        self._worker = worker
        self._on_lost = on_lost
        self._stop = threading.Event()
        self._renewed_at = self._loop_seen_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    @property
    def is_valid(self) -> bool:
        """Whether the lease cannot have run out yet, by this machine's own clock.

        The clock goes on while the process is paused: what it publishes after that
        is held back before the database has been asked.
        """
        return time.monotonic() - self._renewed_at < settings.LEASE_SECONDS

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def loop_turned(self) -> None:
        """Say that the event loop is alive."""
        self._loop_seen_at = time.monotonic()

    def _run(self) -> None:
        while not self._stop.wait(settings.LEASE_SECONDS / RENEWALS_PER_LEASE):
            if time.monotonic() - self._loop_seen_at > LOOP_LIMIT_SECONDS:
                log.error("worker.loop_stuck", worker_id=self._worker.pk)
            elif not self._renew():
                log.warning("worker.lost", worker_id=self._worker.pk)
                self._on_lost()
                break
        connection.close()

    def _renew(self) -> bool:
        began_at = time.monotonic()
        try:
            is_ours = renew_lease(self._worker)
        except DatabaseError as error:
            log.warning("worker.lease_not_renewed", error=str(error))
            connection.close()
            return True
        self._renewed_at = began_at
        return is_ours
