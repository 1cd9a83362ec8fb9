"""What the API shows of a task, made by hand: serializers take many times as long."""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from agentarium.runtime.prices import dollars
from agentarium.tasks.models import ROW_COLUMNS, TASK_COLUMNS, AgentTask
from agentarium.tasks.models.task import EXCERPT_CHARS
from agentarium.tasks.waits import Wait

_values = attrgetter(*(path.replace("__", ".") for path in TASK_COLUMNS.values()))


def excerpt(text: str, chars: int = EXCERPT_CHARS) -> str:
    """The first characters of a text; … where more follow."""
    return text if len(text) <= chars else f"{text[:chars]}…"


def task_row(columns: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `TaskQuerySet.for_rows` as `TaskRowSerializer` describes it."""
    row = {name: columns[path] for name, path in ROW_COLUMNS.items()}
    row["cost"] = dollars(row["cost"])
    row["input_excerpt"] = excerpt(row["input_excerpt"])
    return row


def whole_task(task: AgentTask) -> dict[str, Any]:
    """A task with its agent and version, as `TaskSerializer` describes it."""
    shown = dict(zip(TASK_COLUMNS, _values(task), strict=True))
    shown["cost"] = dollars(shown["cost"])
    return shown


def wait_row(wait: Wait | None) -> dict[str, Any] | None:
    """As `WaitSerializer` describes it."""
    if wait is None:
        return None
    return {"reason": wait.reason, "detail": wait.detail, "position": wait.position}
