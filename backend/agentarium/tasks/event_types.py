"""The types of events in a task's log and in the streams: a public contract."""

from typing import Self

from django.db.models import TextChoices


class EventType(TextChoices):
    """The event types of a task; all but the deltas are stored in its log."""

    TASK_CREATED = "task.created"
    TASK_WAITING = "task.waiting"
    TASK_COMPLETED = "task.completed"
    TASK_FAILED = "task.failed"
    TASK_CANCELLED = "task.cancelled"
    TASK_RETRIED = "task.retried"
    CANCEL_REQUESTED = "cancel.requested"
    ATTEMPT_STARTED = "attempt.started"
    ATTEMPT_LOST = "attempt.lost"
    ATTEMPT_RELEASED = "attempt.released"
    STEP_COMPLETED = "step.completed"
    STEP_RETRIED = "step.retried"
    TOOL_CALL = "tool.call"
    TOOL_STARTED = "tool.started"
    TOOL_WAITING = "tool.waiting"
    TOOL_DECIDED = "tool.decided"
    TOOL_RESULT = "tool.result"
    USAGE_RECORDED = "usage.recorded"
    TEXT_DELTA = "text.delta"
    REASONING_DELTA = "reasoning.delta"

    @classmethod
    def of_status(cls, status: str) -> Self:
        """The event that is logged when a task reaches a status."""
        return cls(f"task.{status}")


TERMINAL_EVENTS = frozenset(
    {EventType.TASK_COMPLETED, EventType.TASK_FAILED, EventType.TASK_CANCELLED}
)


class StatusEventType(TextChoices):
    """The event types of the status feed."""

    TASK_CHANGED = "task.changed"
    RESYNC = "resync"


class StreamEventType(TextChoices):
    """The event types of all streams, which are not stored."""

    CLOSED = "stream.closed"
