"""The record of a task: its row, its steps, its log, its calls, and its worker."""

from agentarium.tasks.models.chore import Chore
from agentarium.tasks.models.record import Draft, Event, Step
from agentarium.tasks.models.task import (
    ENDED,
    LIVE,
    ROW_COLUMNS,
    AgentTask,
    Submission,
    TaskQuerySet,
)
from agentarium.tasks.models.tool_call import ToolCall
from agentarium.tasks.models.worker import Worker

__all__ = [
    "ENDED",
    "LIVE",
    "ROW_COLUMNS",
    "AgentTask",
    "Chore",
    "Draft",
    "Event",
    "Step",
    "Submission",
    "TaskQuerySet",
    "ToolCall",
    "Worker",
]
