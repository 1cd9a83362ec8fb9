"""The row of a task, and its place in the queue.

Columns of unbounded text come last in the table, so that SQLite reads the others
without reading the text first.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, Self

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models import QuerySet
from django.db.models.functions import Left

from agentarium.accounts.models import User
from agentarium.agents.models import Agent, AgentVersion
from agentarium.db.clock import Now
from agentarium.db.whole_rows import WholeRowsQuerySet
from agentarium.runtime.prices import format_cost
from agentarium.tasks.models.queue_order import IN_QUEUE, QUEUE_ORDER
from agentarium.tasks.models.worker import Worker

# How much of an input a list shows. One more character is read, to detect truncation.
SHOWN_INPUT_CHARS = 200
READ_INPUT_CHARS = SHOWN_INPUT_CHARS + 1
# Longer details of errors are cut.
MAX_DETAIL_CHARS = 1000
# The fields of a task in a list of the API, each with its column.
ROW_COLUMNS = {
    "id": "id",
    "agent": "agent_id",
    "agent_name": "agent__name",
    "agent_version": "agent_version__number",
    "status": "status",
    "input_text": "beginning",
    "input_is_truncated": "beginning",
    "created_at": "created_at",
    "started_at": "started_at",
    "finished_at": "finished_at",
    "attempt": "attempt",
    "steps_count": "steps_count",
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cost": "cost_nanodollars",
    "cost_is_complete": "cost_is_complete",
    "error_code": "error_code",
    "error_detail": "error_detail",
    "priority": "priority",
    "run_after": "run_after",
    "parent": "parent_id",
    "follows": "follows_id",
}
# The fields of a single task.
TASK_COLUMNS = {
    **{
        name: path for name, path in ROW_COLUMNS.items() if name != "input_is_truncated"
    },
    "input_text": "input_text",
    "output_text": "output_text",
    "error_provider_message": "error_provider_message",
    "request_id": "request_id",
    "model": "agent_version__model",
}


class InsertHooks(Protocol):
    """What an insert by the ORM runs; implemented in `services/orm_inserts.py`."""

    def before_insert(self, tasks: Sequence["AgentTask"]) -> None: ...

    def after_insert(self, tasks: Sequence["AgentTask"], *, is_raw: bool) -> None: ...


class TaskQuerySet(WholeRowsQuerySet["AgentTask"]):
    # Set by `apps.py`: models cannot import services.
    insert_hooks: ClassVar[InsertHooks]

    def before_insert(self, rows: Sequence["AgentTask"], *, is_raw: bool) -> None:
        self.insert_hooks.before_insert(rows)

    def after_insert(self, rows: Sequence["AgentTask"], *, is_raw: bool) -> None:
        self.insert_hooks.after_insert(rows, is_raw=is_raw)

    def visible_to(self, user: AbstractBaseUser) -> Self:
        return self.filter(owner=user)

    def for_rows(self) -> QuerySet[Any, dict[str, Any]]:
        """`ROW_COLUMNS` as dicts, which are ten times faster to create than objects.

        Reads only the beginning of the input, no output, and only the agent's name.
        """
        beginning = Left("input_text", READ_INPUT_CHARS)
        rows: QuerySet[Any, dict[str, Any]] = self.annotate(beginning=beginning).values(
            *dict.fromkeys(ROW_COLUMNS.values())
        )
        return rows

    def for_detail(self) -> Self:
        return self.select_related("agent", "agent_version").defer(
            "agent__instructions", "agent_version__instructions"
        )

    def in_queue(self) -> Self:
        """The tasks that a worker may claim now, in the order of the queue."""
        return self.filter(**IN_QUEUE).order_by(*QUEUE_ORDER)


class AgentTask(models.Model):
    """One run of an agent version on an input."""

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
        AgentVersion,
        on_delete=models.PROTECT,
        related_name="tasks",
        db_index=False,
        blank=True,
        help_text="Defaults to the agent's current version.",
    )
    status = models.CharField(
        max_length=16, choices=Status.choices, default=Status.PENDING
    )
    # The fencing token: each claim increments it, and each write checks it.
    attempt = models.PositiveIntegerField(default=0)
    # Attempts whose worker died; released attempts do not count.
    lost_attempts = models.PositiveSmallIntegerField(default=0)
    # No constraint: rows of workers are deleted, their tasks remain.
    worker = models.ForeignKey(
        Worker,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    request_id = models.CharField(
        max_length=64,
        blank=True,
        help_text="Id of the request that submitted the task.",
    )
    priority = models.SmallIntegerField(
        default=0, help_text="Tasks with a higher priority start first."
    )
    # The place in the queue within a priority; it interleaves the owners' tasks.
    rank = models.BigIntegerField(default=0)
    # False until `run_after`; tasks that are not due are not in the queue.
    is_due = models.BooleanField(default=True)
    run_after = models.DateTimeField(
        null=True, blank=True, help_text="The task does not start before this time."
    )
    parent = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="children",
        help_text="The task that called this one as a tool.",
    )
    depth = models.PositiveSmallIntegerField(default=0)
    # The first task of a task tree; null for that task itself. No constraint and no index:
    # an owner's tasks are only deleted together.
    root = models.ForeignKey(
        "self",
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    follows = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="followers",
        help_text="The task whose conversation this one continues.",
    )
    created_at = models.DateTimeField(db_default=Now(), blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    # The cost of its own steps, without its children's and without unknown prices.
    cost_nanodollars = models.BigIntegerField(default=0, db_default=0)
    cost_is_complete = models.BooleanField(
        default=True,
        db_default=True,
        help_text="False if a model's price is unknown; `cost` does not include it.",
    )
    steps_count = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=50, blank=True)
    error_detail = models.CharField(max_length=MAX_DETAIL_CHARS, blank=True)
    input_text = models.TextField()
    output_text = models.TextField(blank=True, default="")
    error_provider_message = models.CharField(
        max_length=MAX_DETAIL_CHARS,
        blank=True,
        default="",
        db_default="",
        help_text="What the model's provider said about the error, in its own words.",
    )

    objects = TaskQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["agent", "owner", "-created_at", "-id"],
                name="task_agent_newest",
            ),
            models.Index(
                fields=["agent", "owner", "status", "-created_at", "-id"],
                name="task_agent_status",
            ),
            models.Index(
                fields=["owner", "-created_at", "-id"], name="task_owner_created"
            ),
            models.Index(
                fields=["owner", "status", "-created_at", "-id"],
                name="task_owner_status",
            ),
            models.Index(
                fields=["-priority", "rank", "id"],
                name="task_pending",
                condition=models.Q(status="pending", is_due=True),
            ),
            models.Index(
                fields=["owner", "priority", "rank"],
                name="task_owner_pending",
                condition=models.Q(status="pending"),
            ),
            models.Index(
                fields=["run_after"],
                name="task_not_due",
                condition=models.Q(status="pending", is_due=False),
            ),
            models.Index(
                fields=["owner", "agent"],
                name="task_owner_running",
                condition=models.Q(status="running"),
            ),
            models.Index(
                fields=["parent"],
                name="task_parent",
                condition=models.Q(parent__isnull=False),
            ),
            models.Index(
                fields=["follows"],
                name="task_follows",
                condition=models.Q(follows__isnull=False),
            ),
            models.Index(
                fields=["finished_at"],
                name="task_finished",
                condition=models.Q(finished_at__isnull=False),
            ),
            models.Index(
                fields=["finished_at"],
                name="task_worker_lost",
                condition=models.Q(error_code="worker_lost"),
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

    def clean(self) -> None:
        """Fill in what the form left out before the constraints are checked."""
        if self._state.adding:
            TaskQuerySet.insert_hooks.before_insert([self])

    @property
    def shown_cost(self) -> str:
        return format_cost(self.cost_nanodollars, is_complete=self.cost_is_complete)

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


class Submission(models.Model):
    """The task that was submitted under an `Idempotency-Key`."""

    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    key = models.CharField(max_length=200)
    body_hash = models.CharField(max_length=64)
    task = models.ForeignKey(
        AgentTask, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "key"], name="submission_key")
        ]

    def __str__(self) -> str:
        return f"Submission of task {self.task_id}"
