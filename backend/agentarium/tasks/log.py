"""Reading a task's log from a cursor on: the record behind every stream."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from django.db.models import Q

from agentarium.runtime.messages import message_from_json
from agentarium.tasks.cursor import Cursor
from agentarium.tasks.models import AgentTask, Draft, Event, Step

# Read at once; a longer log is read in several turns.
MAX_EVENTS = 500
TERMINAL_EVENTS = frozenset({"task.completed", "task.failed", "task.cancelled"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of a stream: what happened, and the cursor behind it."""

    type: str
    data: dict[str, Any]
    cursor: Cursor

    @property
    def is_last(self) -> bool:
        return self.type in TERMINAL_EVENTS

    def encode(self) -> bytes:
        """As a server-sent event."""
        data = orjson.dumps(self.data)
        return b"event: %b\nid: %b\ndata: %b\n\n" % (
            self.type.encode(),
            str(self.cursor).encode(),
            data,
        )


@dataclass(frozen=True, slots=True)
class Log:
    """What is stored after a cursor; `is_whole` says that no more will come."""

    entries: list[Entry]
    is_whole: bool


def read_log(task_id: int, cursor: Cursor) -> Log:
    """What is stored after `cursor`, in order, from at most `MAX_EVENTS` events.

    The text of a finished step comes as deltas before its event, less what the cursor
    says the reader has; so does what is stored of a step that is not finished.
    """
    # First of all: an end that comes after this is found by the next reading.
    is_live = AgentTask.objects.filter(pk=task_id, finished_at__isnull=True).exists()
    # Before the events: a draft that is seen here belongs to an unfinished step, or to
    # one whose end is among the events.
    drafts = list(Draft.objects.filter(task=task_id).order_by("channel", "offset"))
    events = list(
        Event.objects.filter(
            Q(attempt__gt=cursor.attempt)
            | Q(attempt=cursor.attempt, seq__gt=cursor.seq),
            task=task_id,
        )[:MAX_EVENTS]
    )
    entries = list(_in_order(cursor, drafts, events, _steps_of(task_id, events)))
    return Log(entries, is_whole=not is_live and len(events) < MAX_EVENTS)


def _in_order(
    cursor: Cursor,
    drafts: Sequence[Draft],
    events: Sequence[Event],
    steps: dict[int, Step],
) -> Iterator[Entry]:
    for event in (*events, None):
        for entry in _drafted(drafts, cursor):
            yield entry
            cursor = entry.cursor
        if event is None:
            break
        if event.type == "step.completed":
            yield from _rest_of(steps[event.data["step"]], cursor)
        cursor = Cursor(event.attempt, event.seq)
        yield Entry(event.type, event.data, cursor)


def _steps_of(task_id: int, events: Sequence[Event]) -> dict[int, Step]:
    positions = [
        event.data["step"] for event in events if event.type == "step.completed"
    ]
    if not positions:
        return {}
    steps = Step.objects.filter(task=task_id, position__in=positions)
    return {step.position: step for step in steps}


def _rest_of(step: Step, cursor: Cursor) -> Iterator[Entry]:
    message = message_from_json(step.message)
    reasoning = message.reasoning
    yield from delta(cursor, step.position, reasoning=reasoning[cursor.reasoning :])
    cursor = replace(cursor, reasoning=max(cursor.reasoning, len(reasoning)))
    yield from delta(cursor, step.position, text=message.text[cursor.text :])


def _drafted(drafts: Sequence[Draft], cursor: Cursor) -> Iterator[Entry]:
    for draft in drafts:
        if (draft.attempt, draft.seq) != (cursor.attempt, cursor.seq):
            continue
        for entry in continued(
            cursor, draft.step, draft.channel, draft.offset, draft.text
        ):
            yield entry
            cursor = entry.cursor


def continued(
    cursor: Cursor, step: int, channel: str, offset: int, text: str
) -> Iterator[Entry]:
    """What a piece at `offset` of a step's text adds for a reader at `cursor`.

    Nothing where the reader has it already, or misses what is before it.
    """
    has = cursor.text if channel == Draft.Channel.TEXT else cursor.reasoning
    if offset <= has:
        yield from delta(cursor, step, **{channel: text[has - offset :]})


def delta(
    cursor: Cursor, step: int, *, text: str = "", reasoning: str = ""
) -> Iterator[Entry]:
    """The entry that brings a reader at `cursor` further by `text` or `reasoning`."""
    if reasoning:
        cursor = replace(cursor, reasoning=cursor.reasoning + len(reasoning))
        yield Entry("reasoning.delta", {"step": step, "text": reasoning}, cursor)
    if text:
        cursor = replace(cursor, text=cursor.text + len(text))
        yield Entry("text.delta", {"step": step, "text": text}, cursor)
