"""What the API shows of a task, made by hand: serializers take many times as long."""

from collections.abc import Mapping
from typing import Any

from agentarium.runtime.prices import dollars
from agentarium.tasks.models import AgentTask
from agentarium.tasks.models.task import EXCERPT_CHARS

# Shown as they are stored.
_SAME = (
    "id",
    "status",
    "created_at",
    "started_at",
    "finished_at",
    "attempt",
    "steps_count",
    "input_tokens",
    "output_tokens",
    "cost_is_complete",
    "error_code",
    "error_detail",
    "priority",
    "run_after",
)


def excerpt(text: str, chars: int = EXCERPT_CHARS) -> str:
    """The first characters of a text; … where more follow."""
    return text if len(text) <= chars else f"{text[:chars]}…"


def task_row(columns: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `TaskQuerySet.for_rows` as `TaskRowSerializer` describes it."""
    return {
        **{name: columns[name] for name in _SAME},
        "agent": columns["agent_id"],
        "agent_name": columns["agent_name"],
        "agent_version": columns["version"],
        "cost": dollars(columns["cost_nanodollars"]),
        "input_excerpt": excerpt(columns["beginning"]),
        "parent": columns["parent_id"],
        "follows": columns["follows_id"],
    }


def whole_task(task: AgentTask) -> dict[str, Any]:
    """A task with its agent and version, as `TaskSerializer` describes it."""
    return {
        **{name: getattr(task, name) for name in _SAME},
        "agent": task.agent_id,
        "agent_name": task.agent.name,
        "agent_version": task.agent_version.number,
        "model": task.agent_version.model,
        "cost": dollars(task.cost_nanodollars),
        "input_text": task.input_text,
        "output_text": task.output_text,
        "request_id": task.request_id,
        "parent": task.parent_id,
        "follows": task.follows_id,
    }
