"""A worker's time-limited right to run tasks, renewed from a thread of its own."""

import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models.expressions import CombinedExpression

from agentarium.db.clock import Now
from agentarium.db.prepared_statements import prepared_cursor
from agentarium.observability.background import record_failure
from agentarium.tasks.models import Worker
from agentarium.worker.liveness_lock import (
    LivenessLock,
    find_dead_workers,
    remove_locks,
)

log = structlog.get_logger(__name__)

_TABLE = Worker._meta.db_table
# A lease survives two failed renewals.
RENEWALS_PER_LEASE = 4
# Both are fractions of a lease. Without a renewal for the first, the database counts as
# away; after it has been back for the second, every live worker has renewed.
AWAY_FRACTION = 0.6
TRUSTWORTHY_FRACTION = 0.4
# An event loop that has not reported for this long is stuck, though threads still run.
LOOP_STUCK_SECONDS = 60.0


def monotonic_seconds() -> float:
    """A clock that is never set, and that includes the time the machine was asleep."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def register_worker(*, capacity: int) -> Worker:
    """Store a new worker whose lease begins now."""
    return Worker.objects.create(
        name=f"{socket.gethostname()}:{os.getpid()}",
        capacity=capacity,
        lease_until=_lease_end(),
    )


def renew_lease(worker: Worker) -> bool:
    """Renew the lease. False if the worker was declared lost, which is final."""
    renewed = Worker.objects.filter(pk=worker.pk, lost_at__isnull=True).update(
        lease_until=_lease_end()
    )
    return renewed == 1


def still_registered(worker: Worker) -> bool:
    """Whether the worker was not declared lost. Hand-written SQL: every claim runs it."""
    with prepared_cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM {_TABLE} WHERE id = %s AND lost_at IS NULL",  # noqa: S608
            [worker.pk],
        )
        return cursor.fetchone() is not None


def release_lease(worker: Worker) -> None:
    """End the registration of a worker that holds no tasks."""
    Worker.objects.filter(pk=worker.pk).update(lease_until=Now(), lost_at=Now())


@transaction.atomic
def declare_lost(*, leases_are_trustworthy: Callable[[], bool]) -> None:
    """Declare lost the workers that are known to be dead.

    `leases_are_trustworthy` says whether an expired lease proves a death. It is called
    inside the transaction, when the database is known to answer.
    """
    registered = Worker.objects.filter(lost_at__isnull=True)
    if dead := find_dead_workers():
        # `Worker.has_stopped` is for an orderly stop: this lease must end before the loss.
        expired = Now() - timedelta(milliseconds=1)
        registered.filter(pk__in=dead).update(lease_until=expired, lost_at=Now())
        transaction.on_commit(partial(remove_locks, dead))
    if leases_are_trustworthy():
        registered.filter(lease_until__lt=Now()).update(lost_at=Now())


def _lease_end() -> CombinedExpression:
    return Now() + timedelta(seconds=settings.LEASE_SECONDS)


class Heartbeat:
    """Renews a worker's lease from its own thread, so that a busy event loop keeps it.

    Calls `on_lost` from that thread, once, when the worker was declared lost.
    """

    def __init__(self, worker: Worker, *, on_lost: Callable[[], None]) -> None:
        self._worker = worker
        self._on_lost = on_lost
        self._stop = threading.Event()
        self._liveness_lock = LivenessLock(worker.pk)
        self._renewed_at = self._loop_reported_at = self._trustworthy_since = (
            monotonic_seconds()
        )
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    @property
    def is_valid(self) -> bool:
        """Whether the lease cannot have expired yet, by this machine's own clock.

        The clock includes the time that the process or the machine was paused, so after
        a pause nothing is published before the lease is renewed.
        """
        return monotonic_seconds() - self._renewed_at < settings.LEASE_SECONDS

    @property
    def leases_are_trustworthy(self) -> bool:
        """Whether an expired lease proves that its worker has died.

        After an outage of the database all leases have expired, though no worker has
        died. They prove nothing until every live worker has had the time to renew.
        """
        now, lease = monotonic_seconds(), settings.LEASE_SECONDS
        is_available = now - self._renewed_at < lease * AWAY_FRACTION
        return (
            is_available
            and now - self._trustworthy_since >= lease * TRUSTWORTHY_FRACTION
        )

    def start(self) -> None:
        self._liveness_lock.acquire()
        self._thread.start()

    def stop(self) -> None:
        """Stop renewing; callable more than once."""
        self._stop.set()
        self._thread.join()
        self._liveness_lock.release()

    def report_loop_alive(self) -> None:
        """Call this from the event loop, at least every `LOOP_STUCK_SECONDS`."""
        self._loop_reported_at = monotonic_seconds()

    def _run(self) -> None:
        while not self._stop.wait(settings.LEASE_SECONDS / RENEWALS_PER_LEASE):
            if monotonic_seconds() - self._loop_reported_at > LOOP_STUCK_SECONDS:
                log.error("worker.loop_stuck", worker_id=self._worker.pk)
            elif not self.renew():
                log.warning("worker.lost", worker_id=self._worker.pk)
                self._on_lost()
                break
        connection.close()

    def renew(self) -> bool:
        """Renew once. False if the worker was declared lost.

        A database that does not answer proves nothing: then it is True.
        """
        began_at = monotonic_seconds()
        if began_at - self._renewed_at >= settings.LEASE_SECONDS * AWAY_FRACTION:
            self._trustworthy_since = began_at
        try:
            is_registered = renew_lease(self._worker)
        except (DatabaseError, InterfaceError) as error:
            log.warning("worker.lease_not_renewed", error=str(error))
            connection.close()
            return True
        except Exception as error:  # noqa: BLE001 - this thread must not end
            record_failure("heartbeat", error)
            connection.close()
            return True
        self._renewed_at = began_at
        return is_registered
