"""A worker's right to execute: taken, renewed from a thread of its own, given back."""

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
from agentarium.tasks.models import Worker
from agentarium.worker.liveness_lock import LivenessLock, find_dead, remove_locks

log = structlog.get_logger(__name__)

_TABLE = Worker._meta.db_table
# A lease survives two renewals that fail.
RENEWALS_PER_LEASE = 4
# The database was away if it has not been asked for such a part of a lease, and within
# the other part whoever lives has renewed.
AWAY_PART = 0.6
TRUSTWORTHY_PART = 0.4
# An event loop that has not turned for so long is dead, though its threads live on.
LOOP_LIMIT_SECONDS = 60.0


def passed_seconds() -> float:
    """A clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


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


def is_at_work(worker: Worker) -> bool:
    """Whether nobody has declared it lost. By hand, since every claim asks for it."""
    with prepared_cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM {_TABLE} WHERE id = %s AND lost_at IS NULL",  # noqa: S608
            [worker.pk],
        )
        return cursor.fetchone() is not None


def release_lease(worker: Worker) -> None:
    """End a worker that holds nothing any more."""
    Worker.objects.filter(pk=worker.pk).update(lease_until=Now(), lost_at=Now())


@transaction.atomic
def declare_lost(*, leases_are_trustworthy: Callable[[], bool]) -> None:
    """Take the right to execute from workers that are dead, as far as that is known.

    `leases_are_trustworthy` says whether a lease that has run out means a death; it is asked when
    the database is there.
    """
    living = Worker.objects.filter(lost_at__isnull=True)
    if dead := find_dead():
        # With a lease that ended before: what is left of one is given up in order only.
        ended = Now() - timedelta(milliseconds=1)
        living.filter(pk__in=dead).update(lease_until=ended, lost_at=Now())
        transaction.on_commit(partial(remove_locks, dead))
    if leases_are_trustworthy():
        living.filter(lease_until__lt=Now()).update(lost_at=Now())


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
        self._pulse = LivenessLock(worker.pk)
        self._renewed_at = self._loop_seen_at = self._trustworthy_since = (
            passed_seconds()
        )
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    @property
    def is_valid(self) -> bool:
        """Whether the lease cannot have run out yet, by this machine's own clock.

        The clock goes on while the process is paused, or the machine: what it publishes
        after that is held back before the database has been asked.
        """
        return passed_seconds() - self._renewed_at < settings.LEASE_SECONDS

    @property
    def leases_are_trustworthy(self) -> bool:
        """Whether a lease that has run out means a death.

        Not while the database has not been there for so long that all who live have
        renewed: after it was away all leases have run out, and nobody has died.
        """
        now, lease = passed_seconds(), settings.LEASE_SECONDS
        is_there = now - self._renewed_at < lease * AWAY_PART
        return is_there and now - self._trustworthy_since >= lease * TRUSTWORTHY_PART

    def start(self) -> None:
        self._pulse.begin()
        self._thread.start()

    def stop(self) -> None:
        """End; callable more than once."""
        self._stop.set()
        self._thread.join()
        self._pulse.end()

    def loop_turned(self) -> None:
        """Say that the event loop is alive."""
        self._loop_seen_at = passed_seconds()

    def _run(self) -> None:
        while not self._stop.wait(settings.LEASE_SECONDS / RENEWALS_PER_LEASE):
            if passed_seconds() - self._loop_seen_at > LOOP_LIMIT_SECONDS:
                log.error("worker.loop_stuck", worker_id=self._worker.pk)
            elif not self.renew():
                log.warning("worker.lost", worker_id=self._worker.pk)
                self._on_lost()
                break
        connection.close()

    def renew(self) -> bool:
        """Renew once; False if the worker was declared lost."""
        began_at = passed_seconds()
        if began_at - self._renewed_at >= settings.LEASE_SECONDS * AWAY_PART:
            self._trustworthy_since = began_at
        try:
            is_ours = renew_lease(self._worker)
        except (DatabaseError, InterfaceError) as error:
            log.warning("worker.lease_not_renewed", error=str(error))
            connection.close()
            return True
        self._renewed_at = began_at
        return is_ours
