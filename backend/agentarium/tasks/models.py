"""The record of a task: its row, its steps, its log, and who executes it.

Columns of unbounded text come last in their tables, so that SQLite reaches the
others without walking through them.
"""

from typing import Self

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models.functions import Now

from agentarium.accounts.models import User
from agentarium.agents.models import Agent, AgentVersion

# What a list shows of a task.
ROW_COLUMNS = (
    "owner_id",
    "agent_id",
    "agent_version_id",
    "status",
    "attempt",
    "created_at",
    "started_at",
    "finished_at",
    "input_tokens",
    "output_tokens",
    "steps_count",
    "error_code",
    "input_text",
)


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

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name


class TaskQuerySet(models.QuerySet["AgentTask"]):
    def visible_to(self, user: AbstractBaseUser) -> Self:
        return self.filter(owner=user)

    def for_list(self) -> Self:
        """What a row shows: no text but the input, of the agent only its name."""
        return self.select_related("agent", "agent_version").only(
            "agent__name", "agent_version__number", *ROW_COLUMNS
        )

    def for_detail(self) -> Self:
        return self.select_related("agent", "agent_version").defer(
            "agent__instructions", "agent_version__instructions"
        )

    def held(self, *, attempt: int) -> Self:
        """Only while `attempt` is the one that may write: the fence of every worker."""
        return self.filter(status=AgentTask.Status.RUNNING, attempt=attempt)


class AgentTask(models.Model):
    """One tracked execution of an agent."""

    class Status(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        WAITING = "waiting"
        COMPLETED = "completed"
        FAILED = "failed"
        CANCELLED = "cancelled"

    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="tasks", db_index=False
    )
    agent = models.ForeignKey(
        Agent, on_delete=models.PROTECT, related_name="tasks", db_index=False
    )
    agent_version = models.ForeignKey(
        AgentVersion, on_delete=models.PROTECT, related_name="tasks", db_index=False
    )
    status = models.CharField(
        max_length=16, choices=Status.choices, default=Status.PENDING
    )
    # The generation of the execution: each claim counts it up, each write names it.
    attempt = models.PositiveIntegerField(default=0)
    # Attempts whose worker died; handed back ones do not count.
    lost_attempts = models.PositiveSmallIntegerField(default=0)
    # No constraint: rows of workers go away, what they did stays.
    worker = models.ForeignKey(
        Worker,
        on_delete=models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    request_id = models.CharField(
        max_length=64, blank=True, help_text="The request that submitted it."
    )
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    steps_count = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=50, blank=True)
    error_detail = models.CharField(max_length=1000, blank=True)
    input_text = models.TextField()
    output_text = models.TextField(blank=True, default="")

    objects = TaskQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["agent", "-created_at", "-id"], name="task_agent_created"
            ),
            models.Index(
                fields=["owner", "-created_at", "-id"], name="task_owner_created"
            ),
            models.Index(
                fields=["owner", "status", "-created_at", "-id"],
                name="task_owner_status",
            ),
            models.Index(fields=["-created_at", "-id"], name="task_created"),
            models.Index(
                fields=["id"], name="task_pending", condition=models.Q(status="pending")
            ),
            models.Index(
                fields=["worker"],
                name="task_running",
                condition=models.Q(status="running"),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="task_finished_at_matches_status",
                condition=models.Q(
                    status__in=["pending", "running", "waiting"],
                    finished_at__isnull=True,
                )
                | models.Q(
                    status__in=["completed", "failed", "cancelled"],
                    finished_at__isnull=False,
                ),
            )
        ]

    def __str__(self) -> str:
        return f"Task {self.pk}"

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED


LIVE = (
    AgentTask.Status.PENDING,
    AgentTask.Status.RUNNING,
    AgentTask.Status.WAITING,
)
ENDED = (
    AgentTask.Status.COMPLETED,
    AgentTask.Status.FAILED,
    AgentTask.Status.CANCELLED,
)


class Step(models.Model):
    """One stored unit of a task's progress; what is stored is never done again."""

    class Kind(models.TextChoices):
        MODEL_RESPONSE = "model_response"
        TOOL_RESULT = "tool_result"

    task = models.ForeignKey(
        AgentTask, on_delete=models.CASCADE, related_name="steps", db_index=False
    )
    position = models.PositiveIntegerField(help_text="1, 2, 3 ... within the task.")
    attempt = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=Kind.choices)
    model = models.CharField(max_length=200, blank=True)
    finish_reason = models.CharField(max_length=16, blank=True)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cached_input_tokens = models.PositiveIntegerField(default=0)
    reasoning_tokens = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    message = models.JSONField(help_text="The message, in the runtime's neutral form.")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["task", "position"], name="step_position_of_task"
            )
        ]

    def __str__(self) -> str:
        return f"Step {self.position} of task {self.task_id}"


class Event(models.Model):
    """One numbered entry of a task's log: append-only, ordered by attempt, then seq."""

    pk = models.CompositePrimaryKey("task", "attempt", "seq")
    task = models.ForeignKey(
        AgentTask, on_delete=models.CASCADE, related_name="events", db_index=False
    )
    attempt = models.PositiveIntegerField()
    seq = models.PositiveIntegerField()
    type = models.CharField(max_length=32)
    created_at = models.DateTimeField(db_default=Now())
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["attempt", "seq"]

    def __str__(self) -> str:
        return f"{self.type} of task {self.task_id}"


class Draft(models.Model):
    """A piece of the text of a step that is not finished: live output, kept.

    It comes after event `seq` and before the next. Gone once the step is stored, which
    then holds the whole text; a step that broke off keeps its drafts.
    """

    class Channel(models.TextChoices):
        TEXT = "text"
        REASONING = "reasoning"

    pk = models.CompositePrimaryKey("task", "attempt", "seq", "channel", "offset")
    task = models.ForeignKey(
        AgentTask, on_delete=models.CASCADE, related_name="drafts", db_index=False
    )
    attempt = models.PositiveIntegerField()
    seq = models.PositiveIntegerField()
    step = models.PositiveIntegerField()
    channel = models.CharField(max_length=16, choices=Channel.choices)
    offset = models.PositiveIntegerField(
        help_text="Characters of the step before it, in its channel."
    )
    text = models.TextField()

    class Meta:
        ordering = ["offset"]

    def __str__(self) -> str:
        return f"Draft of step {self.step} of task {self.task_id}"
