"""Tool calls that are stored, because they wait or must not be repeated."""

from collections.abc import Iterable
from copy import copy
from typing import Self

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models

from agentarium.accounts.models import User
from agentarium.db.clock import Now
from agentarium.tasks.models.task import AgentTask


class ToolCallQuerySet(models.QuerySet["ToolCall"]):
    def visible_to(self, user: AbstractBaseUser) -> Self:
        return self.filter(task__owner=user)

    def waiting(self) -> Self:
        return self.filter(status=ToolCall.Status.WAITING)

    def store(self, calls: Iterable["ToolCall"]) -> None:
        """Upsert: insert the calls, or update the state of those that exist.

        It inserts copies, since `bulk_create` sets the ids of what it inserts. If the
        transaction is rolled back and repeated, another call may have taken such an id.
        """
        self.bulk_create(
            [copy(call) for call in calls],
            update_conflicts=True,
            unique_fields=["task", "step", "tool_call_id"],
            update_fields=["status", "waits_for", "expires_at", "child", "is_error"],
        )


class ToolCall(models.Model):
    """A tool call that waits for something, or must not be repeated.

    A call of effect `read` that needs no decision has no row.
    """

    class Status(models.TextChoices):
        WAITING = "waiting"
        APPROVED = "approved"
        STARTED = "started"
        ANSWERED = "answered"
        COMPLETED = "completed"

    class WaitsFor(models.TextChoices):
        APPROVAL = "approval"
        ANSWER = "answer"
        OUTCOME = "outcome"
        TASK = "task"

    task = models.ForeignKey(
        AgentTask, on_delete=models.CASCADE, related_name="tool_calls", db_index=False
    )
    step = models.PositiveIntegerField(
        help_text="Position of the step that made the call."
    )
    tool_call_id = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    effect = models.CharField(max_length=16)
    status = models.CharField(max_length=16, choices=Status.choices)
    waits_for = models.CharField(max_length=16, choices=WaitsFor.choices, blank=True)
    child = models.OneToOneField(
        AgentTask,
        on_delete=models.SET_NULL,
        null=True,
        related_name="called_by",
        help_text="The task whose output answers the call.",
    )
    decided_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(null=True)
    pending_event = models.JSONField(
        null=True, help_text="A decision that is not in the task's log yet."
    )
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)
    is_error = models.BooleanField(default=False)
    arguments = models.TextField(help_text="JSON; possibly changed by a person.")
    answer = models.TextField(blank=True, help_text="The result that the model gets.")

    objects = ToolCallQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["task"],
                name="tool_call_waiting",
                condition=models.Q(status="waiting"),
            ),
            models.Index(
                fields=["expires_at"],
                name="tool_call_expiring",
                condition=models.Q(status="waiting", expires_at__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["task", "step", "tool_call_id"], name="tool_call_of_step"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} of task {self.task_id}"
