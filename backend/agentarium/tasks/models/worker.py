"""Who executes tasks."""

from typing import Self

from django.db import models

from agentarium.db.clock import Now


class WorkerQuerySet(models.QuerySet["Worker"]):
    def alive(self) -> Self:
        return self.filter(lost_at__isnull=True, lease_until__gte=Now())


class Worker(models.Model):
    """A process that executes tasks; its lease covers every attempt it holds.

    One row to renew, however many tasks run. A worker that was declared lost can
    never renew again: it has to register anew.
    """

    name = models.CharField(max_length=200, help_text="Host and process id.")
    capacity = models.PositiveIntegerField()
    started_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField()
    lost_at = models.DateTimeField(null=True)

    # What `queue_state.list_workers` adds.
    running: int
    is_alive: bool
    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    @property
    def has_stopped(self) -> bool:
        """Whether it ended in order, and gave back what it held."""
        # Only its own end gives up what is left of the lease (`release_lease`).
        return self.lost_at is not None and self.lost_at <= self.lease_until
