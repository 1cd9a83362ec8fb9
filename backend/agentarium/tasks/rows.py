"""What lists show of a task, made from the columns of its row."""

from collections.abc import Mapping
from typing import Any

from agentarium.runtime.prices import dollars
from agentarium.tasks.models.task import EXCERPT_CHARS

# Shown as they are stored.
_SAME = (
    "id",
    "agent_name",
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
    """A row of `TaskQuerySet.for_rows` as `TaskRowSerializer` describes it.

    By hand, because a serializer takes more time for a page of tasks than all else
    that happens in the request.
    """
    return {
        **{name: columns[name] for name in _SAME},
        "agent": columns["agent_id"],
        "agent_version": columns["version"],
        "cost": dollars(columns["cost_nanodollars"]),
        "input_excerpt": excerpt(columns["beginning"]),
        "parent": columns["parent_id"],
        "follows": columns["follows_id"],
    }
