"""The record of a task: its steps, its log, and the text of unfinished steps."""

from typing import Any

from django.db import models

from agentarium.db.clock import Now
from agentarium.runtime.prices import format_cost
from agentarium.tasks.event_types import EventType
from agentarium.tasks.models.task import AgentTask


class Step(models.Model):
    """One stored unit of a task's progress; a stored step is never repeated."""

    class Kind(models.TextChoices):
        MODEL_RESPONSE = "model_response"
        TOOL_RESULT = "tool_result"

    task = models.ForeignKey(
        AgentTask, on_delete=models.CASCADE, related_name="steps", db_index=False
    )
    position = models.PositiveIntegerField(help_text="1, 2, 3, ... within the task.")
    attempt = models.PositiveIntegerField()
    seq = models.PositiveIntegerField(
        default=0,
        help_text="`seq` of the step's event; kept when the event is deleted.",
    )
    kind = models.CharField(max_length=16, choices=Kind.choices)
    model = models.CharField(max_length=200, blank=True)
    finish_reason = models.CharField(max_length=16, blank=True)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cached_input_tokens = models.PositiveIntegerField(default=0)
    reasoning_tokens = models.PositiveIntegerField(default=0)
    # Null if the model's price is unknown. Tool results cost 0.
    cost_nanodollars = models.BigIntegerField(null=True)
    usage_is_estimated = models.BooleanField(
        default=False,
        db_default=False,
        help_text="True if the provider reported no tokens.",
    )
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    message = models.JSONField(
        help_text="The message, in the runtime's provider-neutral format."
    )

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["task", "position"], name="step_position_of_task"
            )
        ]

    def __str__(self) -> str:
        return f"Step {self.position} of task {self.task_id}"

    @property
    def cost_is_complete(self) -> bool:
        """Whether the provider charges for nothing else.

        Of tokens that it did not report, only those of the text are known.
        """
        cost = self.cost_nanodollars
        return cost is not None and not (cost and self.usage_is_estimated)

    @property
    def shown_cost(self) -> str:
        return format_cost(self.cost_nanodollars, is_estimate=self.usage_is_estimated)


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
        indexes = [
            models.Index(
                fields=["created_at"],
                name="event_attempt_lost",
                condition=models.Q(type=EventType.ATTEMPT_LOST.value),
            )
        ]

    def __str__(self) -> str:
        return f"{self.type} of task {self.task_id}"

    @property
    def payload(self) -> dict[str, Any]:
        """The event's data as readers get it, with the time of the event."""
        return {**self.data, "created_at": self.created_at.isoformat()}


class Draft(models.Model):
    """A piece of the streamed text of a step that is not stored yet.

    It follows event `seq` in the log. Storing the step, with its whole text, deletes the
    drafts; an interrupted step keeps them.
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
        help_text="Characters that precede it in the step, in the same channel."
    )
    text = models.TextField()

    class Meta:
        ordering = ["offset"]

    def __str__(self) -> str:
        return f"Draft of step {self.step} of task {self.task_id}"
