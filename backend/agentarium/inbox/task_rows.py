"""What the API shows of a task, made by hand: serializers take many times as long."""

import unicodedata
from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from agentarium.runtime.prices import dollars
from agentarium.tasks.models import ROW_COLUMNS, TASK_COLUMNS, AgentTask
from agentarium.tasks.models.task import SHOWN_INPUT_CHARS

# So many characters may be drawn as one before they are cut all the same.
_MAX_JOINED = 32
_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)

_values = attrgetter(*(path.replace("__", ".") for path in TASK_COLUMNS.values()))


def shown_input(beginning: str) -> dict[str, Any]:
    """What a list shows of an input, of which a longer piece than that was read."""
    return {
        "input_text": beginning[: _cut(beginning)],
        "input_is_truncated": len(beginning) > SHOWN_INPUT_CHARS,
    }


def _cut(text: str) -> int:
    """Where a text is cut: before a letter whose accents would be left behind."""
    end = SHOWN_INPUT_CHARS
    if len(text) <= end:
        return len(text)
    for place in range(end, end - _MAX_JOINED, -1):
        if not _is_joined(text[place - 1], text[place]):
            return place
    return end


def _is_joined(before: str, after: str) -> bool:
    """Whether two characters are drawn as one."""
    return (
        unicodedata.category(after).startswith("M")
        or _JOINER in (before, after)
        or ord(after) in _SKIN_TONES
    )


def task_row(columns: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `TaskQuerySet.for_rows` as `TaskRowSerializer` describes it."""
    row = {name: columns[path] for name, path in ROW_COLUMNS.items()}
    row["cost"] = dollars(row["cost"])
    return row | shown_input(row["input_text"])


def whole_task(task: AgentTask) -> dict[str, Any]:
    """A task with its agent and version, as `TaskSerializer` describes it."""
    shown = dict(zip(TASK_COLUMNS, _values(task), strict=True))
    shown["cost"] = dollars(shown["cost"])
    return shown
