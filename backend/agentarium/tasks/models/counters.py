"""How many tasks ended, how they ended, and how long they took, per hour and day.

Sums over tasks, so that statistics read no tasks: see `tasks/counters.py`.
"""

from typing import Any, Self

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models

from agentarium.accounts.models import User

# Instead of an agent's id: the sum over all agents of the owner.
ALL_AGENTS = 0


class Bucket(models.TextChoices):
    """The period that one row covers. Days are UTC days."""

    HOUR = "hour"
    DAY = "day"


class Measure(models.TextChoices):
    """The durations of a completed task that are counted, both until its end."""

    LATENCY = "latency"  # since it was submitted, or due
    RUN = "run"  # since it started


class StatsQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: AbstractBaseUser) -> Self:
        return self.filter(owner=user)


class AgentBucket(models.Model):
    """Sums for one owner, one agent (or all), and one period."""

    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    bucket = models.CharField(max_length=4, choices=Bucket.choices)
    agent_id = models.BigIntegerField(help_text="0 stands for all agents.")
    start_at = models.DateTimeField()

    objects = StatsQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"The {self.bucket} {self.start_at} of agent {self.agent_id}"


class TaskCount(AgentBucket):
    """The number of tasks that ended in the period, and their usage."""

    pk = models.CompositePrimaryKey("owner", "bucket", "agent_id", "start_at")
    completed = models.BigIntegerField(default=0)
    failed = models.BigIntegerField(default=0)
    cancelled = models.BigIntegerField(default=0)
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    cost_nanodollars = models.BigIntegerField(default=0, db_default=0)
    incomplete_costs = models.BigIntegerField(
        default=0,
        db_default=0,
        help_text="Number of tasks with a model call of unknown cost.",
    )
    estimated_usages = models.BigIntegerField(
        default=0,
        db_default=0,
        help_text="Number of tasks with a model call whose usage was estimated.",
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["owner", "bucket", "start_at"], name="task_count_start"
            )
        ]


class TaskDuration(AgentBucket):
    """The completed tasks of the period whose duration is in one bin (`histogram.py`)."""

    pk = models.CompositePrimaryKey(
        "owner", "bucket", "agent_id", "start_at", "measure", "bin"
    )
    measure = models.CharField(max_length=8, choices=Measure.choices)
    bin = models.SmallIntegerField()
    count = models.BigIntegerField(default=0)
