"""Reading what is stored of a task after a stream cursor."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import orjson
from django.db.models import F, Q
from django.db.models.functions import Length

from agentarium.runtime.prices import dollars
from agentarium.streaming.step_texts import StepText, StepTexts
from agentarium.streaming.stream_cursor import StreamCursor
from agentarium.tasks.event_types import TERMINAL_EVENTS, EventType
from agentarium.tasks.models import AgentTask, Draft, Event, Step

# Events per read, and characters of text; a longer log takes several reads. What a slow
# reader has not taken yet stays in memory.
MAX_EVENTS = 200
MAX_CHARS = 2**17
# The longest delta.
MAX_DELTA_CHARS = 2**14
# What an event holds besides its text.
EVENT_CHARS = 100
_step_texts = StepTexts()


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One message of a stream; `cursor` is the place after it."""

    type: str
    data: dict[str, Any]
    cursor: StreamCursor

    @property
    def is_last(self) -> bool:
        return self.type in TERMINAL_EVENTS

    @property
    def chars(self) -> int:
        """About how much memory it takes, in characters."""
        return EVENT_CHARS + sum(
            len(value) for value in self.data.values() if isinstance(value, str)
        )

    def encode(self) -> bytes:
        """The bytes of the server-sent event."""
        data = orjson.dumps(self.data)
        return b"event: %b\nid: %b\ndata: %b\n\n" % (
            self.type.encode(),
            str(self.cursor).encode(),
            data,
        )


@dataclass(frozen=True, slots=True)
class EventLog:
    """What is stored after a cursor.

    `is_complete`: the task has ended and nothing more will come. `has_more`: more is
    stored than was read.
    """

    entries: list[StreamEvent]
    is_complete: bool
    has_more: bool


def read_log(task_id: int, cursor: StreamCursor) -> EventLog:
    """What is stored after `cursor`, in order, up to about `MAX_CHARS` characters of it.

    The text of a step comes as deltas before the step's event, without the part that the
    reader already has. Drafts of an unfinished step come as deltas, too.
    """
    # The status is read first: the next read finds a task that ends after this.
    is_live = AgentTask.objects.filter(pk=task_id, finished_at__isnull=True).exists()
    # Drafts are read before events: the step of each draft is then unfinished, or its
    # event is among those that are read.
    drafts = _drafts_after(task_id, cursor)
    events = list(
        Event.objects.filter(
            Q(attempt__gt=cursor.attempt)
            | Q(attempt=cursor.attempt, seq__gt=cursor.seq),
            task=task_id,
        )[:MAX_EVENTS]
    )
    has_more = len(events) == MAX_EVENTS
    events = _restore_deleted(task_id, cursor, events)
    texts = _texts_of(task_id, events)
    entries, is_cut = _cut(_merge(cursor, drafts, events, texts))
    has_more = has_more or is_cut
    is_complete = not (is_live or has_more)
    return EventLog(entries, is_complete=is_complete, has_more=has_more)


def _cut(entries: Iterable[StreamEvent]) -> tuple[list[StreamEvent], bool]:
    """The first entries, and whether there are more than `MAX_CHARS` have room for."""
    first: list[StreamEvent] = []
    chars = 0
    for entry in entries:
        if chars >= MAX_CHARS:
            return first, True
        first.append(entry)
        chars += entry.chars
    return first, False


def _drafts_after(task_id: int, cursor: StreamCursor) -> list[Draft]:
    """The drafts with text that a reader at `cursor` does not have."""
    place = Q(attempt=cursor.attempt, seq=cursor.seq)
    drafts = Draft.objects.filter(task=task_id).alias(end=F("offset") + Length("text"))
    return list(
        drafts.filter(
            Q(attempt__gt=cursor.attempt)
            | Q(attempt=cursor.attempt, seq__gt=cursor.seq)
            | place & Q(channel=Draft.Channel.TEXT, end__gt=cursor.text)
            | place & Q(channel=Draft.Channel.REASONING, end__gt=cursor.reasoning)
        ).order_by("channel", "offset")
    )


def _merge(
    cursor: StreamCursor,
    drafts: Sequence[Draft],
    events: Sequence[Event],
    texts: dict[int, StepText],
) -> Iterator[StreamEvent]:
    for event in (*events, None):
        for entry in _draft_deltas(drafts, cursor):
            yield entry
            cursor = entry.cursor
        if event is None:
            break
        if event.type == EventType.STEP_COMPLETED:
            start = _cursor_before(event, cursor)
            yield from _step_deltas(texts[event.data["step"]], start)
        cursor = StreamCursor(event.attempt, event.seq)
        yield StreamEvent(event.type, event.payload, cursor)


def _cursor_before(event: Event, cursor: StreamCursor) -> StreamCursor:
    """The place where an event's text begins, even if the previous event was deleted."""
    previous = StreamCursor(event.attempt, max(event.seq - 1, 0))
    is_there = (cursor.attempt, cursor.seq) == (previous.attempt, previous.seq)
    return cursor if is_there else previous


def _restore_deleted(
    task_id: int, cursor: StreamCursor, events: list[Event]
) -> list[Event]:
    """`events`, plus the events of stored steps that retention has deleted.

    A complete log is numbered without gaps, and a task's last event is never deleted. So
    deleted events are only in gaps, and never after the last event.
    """
    positions = [(cursor.attempt, cursor.seq), *((e.attempt, e.seq) for e in events)]
    if all(_is_next(*pair) for pair in pairwise(positions)):
        return events
    steps = Step.objects.filter(
        task=task_id, attempt__gte=cursor.attempt, kind=Step.Kind.MODEL_RESPONSE
    )
    present = set(positions)
    restored = list(events)
    for step in steps.defer("message"):
        position = (step.attempt, step.seq)
        if position not in present and positions[0] < position < positions[-1]:
            restored.append(_completed_event(step))
    return sorted(restored, key=lambda event: (event.attempt, event.seq))


def _is_next(previous: tuple[int, int], position: tuple[int, int]) -> bool:
    return position == (previous[0], previous[1] + 1) or (
        position[0] > previous[0] and position[1] == 1
    )


def _completed_event(step: Step) -> Event:
    """The event of a stored step, as it was logged."""
    return Event(
        task_id=step.task_id,
        attempt=step.attempt,
        seq=step.seq,
        type=EventType.STEP_COMPLETED,
        created_at=step.finished_at,
        data=completed_data(step),
    )


def completed_data(step: Step) -> dict[str, Any]:
    """The data of the event of a stored model response."""
    return {
        "step": step.position,
        "kind": step.kind,
        "model": step.model,
        "finish_reason": step.finish_reason,
        "input_tokens": step.input_tokens,
        "output_tokens": step.output_tokens,
        "cost": dollars(step.cost_nanodollars),
        "usage_is_estimated": step.usage_is_estimated,
    }


def _texts_of(task_id: int, events: Sequence[Event]) -> dict[int, StepText]:
    positions = [
        event.data["step"] for event in events if event.type == EventType.STEP_COMPLETED
    ]
    return _step_texts.find(task_id, positions) if positions else {}


def _step_deltas(text: StepText, cursor: StreamCursor) -> Iterator[StreamEvent]:
    """The part of a step's text that a reader at `cursor` does not have."""
    reasoning = text.reasoning
    yield from delta(cursor, text.position, reasoning=reasoning, start=cursor.reasoning)
    cursor = replace(cursor, reasoning=max(cursor.reasoning, len(reasoning)))
    yield from delta(cursor, text.position, text=text.text, start=cursor.text)


def _draft_deltas(
    drafts: Sequence[Draft], cursor: StreamCursor
) -> Iterator[StreamEvent]:
    """The part of the drafts after event `cursor` that a reader does not have."""
    for draft in drafts:
        if (draft.attempt, draft.seq) != (cursor.attempt, cursor.seq):
            continue
        for entry in new_deltas(
            cursor, draft.step, draft.channel, draft.offset, draft.text
        ):
            yield entry
            cursor = entry.cursor


def new_deltas(
    cursor: StreamCursor, step: int, channel: str, offset: int, text: str
) -> Iterator[StreamEvent]:
    """The part of a step's `text`, at `offset`, that a reader at `cursor` does not have.

    Nothing if the reader has all of it, or lacks text before it.
    """
    length = cursor.text if channel == Draft.Channel.TEXT else cursor.reasoning
    if offset <= length:
        is_text = channel == Draft.Channel.TEXT
        yield from delta(
            cursor,
            step,
            text=text if is_text else "",
            reasoning="" if is_text else text,
            start=length - offset,
        )


def delta(
    cursor: StreamCursor,
    step: int,
    *,
    text: str = "",
    reasoning: str = "",
    start: int = 0,
) -> Iterator[StreamEvent]:
    """The deltas that append `reasoning` and `text`, from `start` on, at `cursor`."""
    for part in _parts(reasoning, start):
        cursor = replace(cursor, reasoning=cursor.reasoning + len(part))
        yield StreamEvent(
            EventType.REASONING_DELTA, {"step": step, "text": part}, cursor
        )
    for part in _parts(text, start):
        cursor = replace(cursor, text=cursor.text + len(part))
        yield StreamEvent(EventType.TEXT_DELTA, {"step": step, "text": part}, cursor)


def _parts(text: str, start: int) -> Iterator[str]:
    """The text from `start` on, in parts that can be encoded and sent one at a time.

    The rest of a long text is never copied as a whole.
    """
    for begin in range(start, len(text), MAX_DELTA_CHARS):
        yield text[begin : begin + MAX_DELTA_CHARS]
