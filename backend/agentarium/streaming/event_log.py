"""Reading a task's log from a cursor on: the record behind every stream."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import orjson
from django.db.models import Q

from agentarium.runtime.messages import message_from_json
from agentarium.runtime.prices import dollars
from agentarium.streaming.stream_cursor import StreamCursor
from agentarium.tasks.event_types import TERMINAL_EVENTS, EventType
from agentarium.tasks.models import AgentTask, Draft, Event, Step

# Read at once; a longer log is read in several turns.
MAX_EVENTS = 500


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One message of a stream: what happened, and the cursor behind it."""

    type: str
    data: dict[str, Any]
    cursor: StreamCursor

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
class EventLog:
    """What is stored after a cursor.

    `is_whole` says that no more will come, `is_cut` that there is more already.
    """

    entries: list[StreamEvent]
    is_whole: bool
    is_cut: bool


def read_log(task_id: int, cursor: StreamCursor) -> EventLog:
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
    is_cut = len(events) == MAX_EVENTS
    events = _with_deleted(task_id, cursor, events)
    entries = list(_in_order(cursor, drafts, events, _steps_of(task_id, events)))
    return EventLog(entries, is_whole=not (is_live or is_cut), is_cut=is_cut)


def _in_order(
    cursor: StreamCursor,
    drafts: Sequence[Draft],
    events: Sequence[Event],
    steps: dict[int, Step],
) -> Iterator[StreamEvent]:
    for event in (*events, None):
        for entry in _drafted(drafts, cursor):
            yield entry
            cursor = entry.cursor
        if event is None:
            break
        if event.type == EventType.STEP_COMPLETED:
            yield from _rest_of(steps[event.data["step"]], _before(event, cursor))
        cursor = StreamCursor(event.attempt, event.seq)
        yield StreamEvent(event.type, event.payload, cursor)


def _before(event: Event, cursor: StreamCursor) -> StreamCursor:
    """Where the text before an event begins, also if the event before is deleted."""
    place = StreamCursor(event.attempt, max(event.seq - 1, 0))
    is_there = (cursor.attempt, cursor.seq) == (place.attempt, place.seq)
    return cursor if is_there else place


def _with_deleted(
    task_id: int, cursor: StreamCursor, events: list[Event]
) -> list[Event]:
    """`events`, and those of the steps in the gaps that retention has left.

    Numbers follow on each other in a log that is whole, and an end is never deleted:
    so there is nothing to look for where there is no gap, nor after the last event.
    """
    places = [(cursor.attempt, cursor.seq), *((e.attempt, e.seq) for e in events)]
    if all(_follows_on(*pair) for pair in pairwise(places)):
        return events
    steps = Step.objects.filter(
        task=task_id, attempt__gte=cursor.attempt, kind=Step.Kind.MODEL_RESPONSE
    )
    known = set(places)
    told = list(events)
    for step in steps.defer("message"):
        place = (step.attempt, step.seq)
        if place not in known and places[0] < place < places[-1]:
            told.append(_completed(step))
    return sorted(told, key=lambda event: (event.attempt, event.seq))


def _follows_on(before: tuple[int, int], place: tuple[int, int]) -> bool:
    return place == (before[0], before[1] + 1) or (
        place[0] > before[0] and place[1] == 1
    )


def _completed(step: Step) -> Event:
    """The event of a finished step, told again."""
    return Event(
        task_id=step.task_id,
        attempt=step.attempt,
        seq=step.seq,
        type=EventType.STEP_COMPLETED,
        created_at=step.finished_at,
        data=completed_data(step),
    )


def completed_data(step: Step) -> dict[str, Any]:
    """What the event of a model's response says."""
    return {
        "step": step.position,
        "kind": step.kind,
        "model": step.model,
        "finish_reason": step.finish_reason,
        "input_tokens": step.input_tokens,
        "output_tokens": step.output_tokens,
        "cost": dollars(step.cost_nanodollars),
    }


def _steps_of(task_id: int, events: Sequence[Event]) -> dict[int, Step]:
    positions = [
        event.data["step"] for event in events if event.type == EventType.STEP_COMPLETED
    ]
    if not positions:
        return {}
    steps = Step.objects.filter(task=task_id, position__in=positions)
    return {step.position: step for step in steps}


def _rest_of(step: Step, cursor: StreamCursor) -> Iterator[StreamEvent]:
    message = message_from_json(step.message)
    reasoning = message.reasoning
    yield from delta(cursor, step.position, reasoning=reasoning[cursor.reasoning :])
    cursor = replace(cursor, reasoning=max(cursor.reasoning, len(reasoning)))
    yield from delta(cursor, step.position, text=message.text[cursor.text :])


def _drafted(drafts: Sequence[Draft], cursor: StreamCursor) -> Iterator[StreamEvent]:
    for draft in drafts:
        if (draft.attempt, draft.seq) != (cursor.attempt, cursor.seq):
            continue
        for entry in continued(
            cursor, draft.step, draft.channel, draft.offset, draft.text
        ):
            yield entry
            cursor = entry.cursor


def continued(
    cursor: StreamCursor, step: int, channel: str, offset: int, text: str
) -> Iterator[StreamEvent]:
    """What a piece at `offset` of a step's text adds for a reader at `cursor`.

    Nothing where the reader has it already, or misses what is before it.
    """
    has = cursor.text if channel == Draft.Channel.TEXT else cursor.reasoning
    if offset <= has:
        yield from delta(cursor, step, **{channel: text[has - offset :]})


def delta(
    cursor: StreamCursor, step: int, *, text: str = "", reasoning: str = ""
) -> Iterator[StreamEvent]:
    """The entry that brings a reader at `cursor` further by `text` or `reasoning`."""
    if reasoning:
        cursor = replace(cursor, reasoning=cursor.reasoning + len(reasoning))
        yield StreamEvent(
            EventType.REASONING_DELTA, {"step": step, "text": reasoning}, cursor
        )
    if text:
        cursor = replace(cursor, text=cursor.text + len(text))
        yield StreamEvent(EventType.TEXT_DELTA, {"step": step, "text": text}, cursor)
