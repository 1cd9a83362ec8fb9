"""Periodic jobs: any worker may run them, one at a time does."""

from typing import Any

from django.db import models

from agentarium.db.clock import Now


class PeriodicJob(models.Model):
    """When a periodic job is due next, and its checkpoint."""

    name = models.CharField(max_length=50, primary_key=True)
    due_at = models.DateTimeField(db_default=Now())
    ran_at = models.DateTimeField(
        null=True,
        help_text="The time by which its last run decided what is old.",
    )
    checkpoint: Any = models.JSONField(
        default=None, null=True, help_text="Where the next run continues."
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
