"""A worker's time-limited right to run tasks, renewed from a thread of its own."""

import os
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import Q
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Least

from agentarium.db import clock
from agentarium.db.answer_limit import limit_answers
from agentarium.db.clock import CLOCK, Now, monotonic_seconds
from agentarium.db.prepared_statements import prepared_cursor
from agentarium.db.reachability import is_server_refusing
from agentarium.observability import metrics
from agentarium.observability.background import record_failure
from agentarium.tasks.models import Worker
from agentarium.worker.liveness_lock import (
    LivenessLock,
    find_dead_workers,
    remove_locks,
)

log = structlog.get_logger(__name__)

_TABLE = Worker._meta.db_table
# A lease survives two failed renewals. After a failure the next one comes sooner.
RENEWALS_PER_LEASE = 4
RETRIES_PER_LEASE = 20
# Both are fractions of a lease. Without a renewal for the first, the database counts as
# away; after it has been back for the second, every live worker has renewed.
AWAY_FRACTION = 0.6
TRUSTWORTHY_FRACTION = 0.4
# An event loop that has not reported for this long is stuck, though threads still run.
LOOP_STUCK_SECONDS = 60.0
# How long the database may take to answer, as fractions of a lease: to renew it; to what
# a running attempt waits for; and to maintenance, which may have to wait for locks.
RENEWAL_ANSWER_FRACTION = 0.25
ATTEMPT_ANSWER_FRACTION = 0.5
MAINTENANCE_ANSWER_FRACTION = 1.0
# Less would be exceeded on a busy machine, however short the lease is.
MIN_ANSWER_SECONDS = 1.0
# After this many leases without the database, attempts end even if it has refused.
OUTAGE_LEASES = 6
# A lease that ends later than this is from before the database's clock was set back. Live
# workers have renewed theirs.
IMPLAUSIBLE_LEASES = 3


def answer_seconds(fraction: float) -> float:
    """The limit of one answer of the database, from a fraction of a lease."""
    lease: float = settings.LEASE_SECONDS
    return max(lease * fraction, MIN_ANSWER_SECONDS)


def register_worker(*, capacity: int) -> Worker:
    """Store a new worker whose lease begins now."""
    clock.measure()
    return Worker.objects.create(
        name=f"{socket.gethostname()}:{os.getpid()}",
        capacity=capacity,
        lease_until=_lease_end(),
        clock_offset_seconds=CLOCK.machine_offset(),
    )


def renew_lease(worker: Worker) -> bool:
    """Renew the lease. False if the worker was declared lost, which is final."""
    renewed = Worker.objects.filter(pk=worker.pk, lost_at__isnull=True).update(
        lease_until=_lease_end(), clock_offset_seconds=CLOCK.machine_offset()
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
    clock.measure()
    registered = Worker.objects.filter(lost_at__isnull=True)
    # `Worker.has_stopped` is for an orderly stop: these leases must end before the loss.
    expired = Now() - timedelta(milliseconds=1)
    if dead := find_dead_workers():
        registered.filter(pk__in=dead).update(lease_until=expired, lost_at=Now())
        transaction.on_commit(partial(remove_locks, dead))
    if leases_are_trustworthy():
        latest = Now() + IMPLAUSIBLE_LEASES * _lease()
        has_no_lease = Q(lease_until__lt=Now()) | Q(lease_until__gt=latest)
        registered.filter(has_no_lease).update(
            lease_until=Least("lease_until", expired), lost_at=Now()
        )


def _lease_end() -> CombinedExpression:
    return Now() + _lease()


def _lease() -> timedelta:
    return timedelta(seconds=settings.LEASE_SECONDS)


class Heartbeat:
    """Renews a worker's lease from its own thread, so that a busy event loop keeps it.

    Calls `on_lost` from that thread, once, when the worker was declared lost.
    """

    def __init__(self, worker: Worker, *, on_lost: Callable[[], None]) -> None:
        self._worker = worker
        self._on_lost = on_lost
        self._has_failed = False
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
        died. They prove nothing until every live worker has had the time to renew. So it
        is when the database's clock was set.
        """
        now, lease = monotonic_seconds(), settings.LEASE_SECONDS
        is_available = now - self._renewed_at < lease * AWAY_FRACTION
        since = max(self._trustworthy_since, CLOCK.set_at)
        return is_available and now - since >= lease * TRUSTWORTHY_FRACTION

    @property
    def seconds_since_renewal(self) -> float:
        return monotonic_seconds() - self._renewed_at

    @property
    def is_given_up(self) -> bool:
        """Whether the attempts must end, because others may be running their tasks.

        While the database refuses every connection, it is away for the other workers too,
        so that attempts may outlive a lease; but not for any time, since it may be only
        this machine that is refused. On SQLite, liveness locks decide.
        """
        if self.is_valid or connection.vendor == "sqlite":
            return False
        leases_ago = self.seconds_since_renewal / settings.LEASE_SECONDS
        return leases_ago >= OUTAGE_LEASES or not is_server_refusing()

    def start(self) -> None:
        self._liveness_lock.acquire()
        age, valid = metrics.lease_gauges()
        age.set_function(lambda: self.seconds_since_renewal)
        valid.set_function(lambda: float(self.is_valid))
        self._thread.start()

    def stop(self) -> None:
        """Stop renewing; callable more than once."""
        self._stop.set()
        self._thread.join()
        metrics.lease_gauges()[1].set_function(lambda: 0.0)
        self._liveness_lock.release()

    def report_loop_alive(self) -> None:
        """Call this from the event loop, at least every `LOOP_STUCK_SECONDS`."""
        self._loop_reported_at = monotonic_seconds()

    def _run(self) -> None:
        limit_answers(answer_seconds(RENEWAL_ANSWER_FRACTION))
        while not self._stop.wait(self._pause_seconds()):
            if monotonic_seconds() - self._loop_reported_at > LOOP_STUCK_SECONDS:
                log.error("worker.loop_stuck", worker_id=self._worker.pk)
            elif not self.renew():
                log.warning("worker.lost", worker_id=self._worker.pk)
                self._on_lost()
                break
        connection.close()

    def _pause_seconds(self) -> float:
        count = RETRIES_PER_LEASE if self._has_failed else RENEWALS_PER_LEASE
        return float(settings.LEASE_SECONDS) / count

    def renew(self) -> bool:
        """Renew once. False if the worker was declared lost.

        A database that does not answer proves nothing: then it is True.
        """
        began_at = monotonic_seconds()
        if began_at - self._renewed_at >= settings.LEASE_SECONDS * AWAY_FRACTION:
            self._trustworthy_since = began_at
        self._has_failed = True
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
        self._has_failed = False
        self._renewed_at = began_at
        return is_registered
