"""Periodic work that any process may do, and one at a time does."""

from typing import Any

from django.db import models

from agentarium.db.clock import Now


class PeriodicJob(models.Model):
    """When a periodic piece of work is due next, and how far it has come."""

    name = models.CharField(max_length=50, primary_key=True)
    due_at = models.DateTimeField(db_default=Now())
    checkpoint: Any = models.JSONField(
        default=None, null=True, help_text="Where the next run goes on."
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
