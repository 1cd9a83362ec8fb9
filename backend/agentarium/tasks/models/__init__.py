"""Tasks with their steps, logs and tool calls, workers, periodic jobs and statistics."""

from agentarium.tasks.models.counters import (
    ALL_AGENTS,
    Bucket,
    Measure,
    TaskCount,
    TaskDuration,
)
from agentarium.tasks.models.periodic_job import PeriodicJob
from agentarium.tasks.models.record import Draft, Event, Step
from agentarium.tasks.models.task import (
    ENDED,
    LIVE,
    MAX_DETAIL_CHARS,
    ROW_COLUMNS,
    TASK_COLUMNS,
    AgentTask,
    Submission,
    TaskQuerySet,
)
from agentarium.tasks.models.task_tree import TaskTree
from agentarium.tasks.models.tool_call import ToolCall
from agentarium.tasks.models.worker import Worker

__all__ = [
    "ALL_AGENTS",
    "ENDED",
    "LIVE",
    "MAX_DETAIL_CHARS",
    "ROW_COLUMNS",
    "TASK_COLUMNS",
    "AgentTask",
    "Bucket",
    "Draft",
    "Event",
    "Measure",
    "PeriodicJob",
    "Step",
    "Submission",
    "TaskCount",
    "TaskDuration",
    "TaskQuerySet",
    "TaskTree",
    "ToolCall",
    "Worker",
]
