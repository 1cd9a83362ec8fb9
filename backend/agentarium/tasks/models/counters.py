"""How many tasks ended, how they ended, and how long they took, hour by hour.

Sums of the rows of tasks, so that nobody has to read those: see `counting.py`.
"""

from typing import Any, Self

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models

from agentarium.accounts.models import User

# In the place of an agent's id: the sum over all agents of the owner.
ALL_AGENTS = 0


class Bucket(models.TextChoices):
    """How long a stretch of time one row covers. Days are those of UTC."""

    HOUR = "hour"
    DAY = "day"


class Measure(models.TextChoices):
    """What the time of a completed task is taken of."""

    LATENCY = "latency"  # from when it could be begun
    RUN = "run"  # from when it was begun


class StatsQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: AbstractBaseUser) -> Self:
        return self.filter(owner=user)


class AgentBucket(models.Model):
    """An agent of an owner, and a stretch of time."""

    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    bucket = models.CharField(max_length=4, choices=Bucket.choices)
    agent_id = models.BigIntegerField(help_text="0: all agents together.")
    start_at = models.DateTimeField()

    objects = StatsQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"The {self.bucket} {self.start_at} of agent {self.agent_id}"


class TaskCount(AgentBucket):
    """The tasks that ended in it, in numbers."""

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
        help_text="Tasks whose cost lacks a part, its price being unknown.",
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["owner", "bucket", "start_at"], name="task_count_start"
            )
        ]


class TaskDuration(AgentBucket):
    """How many completed in it within one bin of a histogram (`histogram.py`)."""

    pk = models.CompositePrimaryKey(
        "owner", "bucket", "agent_id", "start_at", "measure", "bin"
    )
    measure = models.CharField(max_length=8, choices=Measure.choices)
    bin = models.SmallIntegerField()
    count = models.BigIntegerField(default=0)
