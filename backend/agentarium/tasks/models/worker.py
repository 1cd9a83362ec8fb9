"""Workers and their leases."""

from typing import Self

from django.db import models

from agentarium.db.clock import Now, is_wrong


class WorkerQuerySet(models.QuerySet["Worker"]):
    def alive(self) -> Self:
        return self.filter(lost_at__isnull=True, lease_until__gte=Now())


class Worker(models.Model):
    """A registered worker; its lease covers every attempt it holds.

    The heartbeat renews one row, however many tasks run. A worker that was declared lost
    can never renew its lease: it has to register again, which creates another row.
    """

    name = models.CharField(max_length=200, help_text="Host and process id.")
    capacity = models.PositiveIntegerField()
    started_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField()
    lost_at = models.DateTimeField(null=True)
    clock_offset_seconds = models.FloatField(
        default=0.0,
        db_default=0.0,
        help_text="Seconds that its machine's clock is ahead of the database's; negative if behind.",
    )

    # Annotations of `queue_state.list_workers`.
    running: int
    is_alive: bool
    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    @property
    def has_wrong_clock(self) -> bool:
        return is_wrong(self.clock_offset_seconds)

    @property
    def has_stopped(self) -> bool:
        """Whether it shut down gracefully, having released its tasks."""
        # Only a graceful stop ends the lease early (`release_lease`).
        return self.lost_at is not None and self.lost_at <= self.lease_until
