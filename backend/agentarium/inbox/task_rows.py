"""The JSON of tasks, built without serializers, which take many times as long."""

import unicodedata
from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from agentarium.runtime.prices import dollars
from agentarium.tasks.models import ROW_COLUMNS, TASK_COLUMNS, AgentTask
from agentarium.tasks.models.task import SHOWN_INPUT_CHARS

# A longer sequence of joined characters is cut in the middle.
_MAX_JOINED = 32
_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)

_values = attrgetter(*(path.replace("__", ".") for path in TASK_COLUMNS.values()))


def shown_input(beginning: str) -> dict[str, Any]:
    """The fields of an input in a list, from its first `READ_INPUT_CHARS` characters."""
    return {
        "input_text": beginning[: _cut(beginning)],
        "input_is_truncated": len(beginning) > SHOWN_INPUT_CHARS,
    }


def _cut(text: str) -> int:
    """The length to cut a text to, without separating joined characters."""
    end = SHOWN_INPUT_CHARS
    if len(text) <= end:
        return len(text)
    for length in range(end, end - _MAX_JOINED, -1):
        if not _is_joined(text[length - 1], text[length]):
            return length
    return end


def _is_joined(left: str, right: str) -> bool:
    """Whether two characters are rendered as one."""
    return (
        unicodedata.category(right).startswith("M")
        or _JOINER in (left, right)
        or ord(right) in _SKIN_TONES
    )


def task_row(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of `TaskRowSerializer`, from a row of `TaskQuerySet.for_rows`."""
    row = {name: columns[path] for name, path in ROW_COLUMNS.items()}
    row["cost"] = dollars(row["cost"])
    return row | shown_input(row["input_text"])


def task_json(task: AgentTask) -> dict[str, Any]:
    """The JSON of `TaskSerializer`, from a task with its agent and version."""
    data = dict(zip(TASK_COLUMNS, _values(task), strict=True))
    data["cost"] = dollars(data["cost"])
    return data
