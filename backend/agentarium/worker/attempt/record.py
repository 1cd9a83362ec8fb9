"""What one attempt says, in order: numbered, shown live, and made to last."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from agentarium.db.bulk_insert import RowTemplate
from agentarium.runtime.messages import (
    Message,
    ModelResponse,
    ToolResultPart,
    message_to_json,
)
from agentarium.runtime.prices import Price, dollars
from agentarium.runtime.providers.base import Delta
from agentarium.runtime.retries import Retried
from agentarium.streaming.event_log import completed_data
from agentarium.streaming.pubsub import Channel, PubSub
from agentarium.tasks.event_types import EventType
from agentarium.tasks.models import AgentTask, Draft, Event, Step, ToolCall
from agentarium.worker.attempt.step_output import (
    NEW_STEP,
    StepInProgress,
    storable,
    storable_json,
)
from agentarium.worker.writing.event_writer import EventWriter
from agentarium.worker.writing.writes import AttemptWrite, Finish

# What an event shows of a tool's result; the step has all of it.
EXCERPT_CHARS = 500
_NEW_EVENT = RowTemplate(Event)


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """A finished answer, as it is to be stored, and its text as it was shown."""

    step: Step
    said: StepInProgress


class AttemptRecord:
    """The only writer of a task, for as long as its attempt holds it.

    Things are added at once and written together; `write` returns when they last.
    """

    def __init__(
        self, task: AgentTask, *, event_writer: EventWriter, pubsub: PubSub
    ) -> None:
        self._task = task
        self._event_writer = event_writer
        self._pubsub = pubsub
        # The claim wrote the first event of this attempt.
        self._seq = self._written_seq = 1
        self.position = task.steps_count
        self.input_tokens = task.input_tokens
        self.output_tokens = task.output_tokens
        self.cost_nanodollars = task.cost_nanodollars
        self.cost_is_complete = task.cost_is_complete
        self._began_at = timezone.now()
        self._step: StepInProgress | None = None
        self._unwritten = self._new_entry()
        # An answer that is whole, until it is known to last.
        self.unsure: WholeAnswer | None = None

    # --- What happens ----------------------------------------------------------

    def begin_step(self) -> None:
        """Something is asked of the world now."""
        self._began_at = timezone.now()

    def show(self, delta: Delta, *, is_live: bool) -> None:
        """Take a piece of the answer; while `is_live`, readers have it at once."""
        message = self._current_step().add(delta)
        if is_live:
            self._pubsub.publish(Channel.task(self._task.pk), message)
        self._event_writer.note_draft(self)

    def add_response(self, response: ModelResponse, price: Price | None) -> Step:
        """A finished answer, with the calls that it asks for."""
        said = self._current_step()
        step = said.finish(response, price)
        step.seq = self._seq + 1
        self.unsure = WholeAnswer(step, said)
        self.position = step.position
        self.input_tokens += step.input_tokens
        self.output_tokens += step.output_tokens
        self.cost_nanodollars += step.cost_nanodollars or 0
        self.cost_is_complete &= step.cost_nanodollars is not None
        self._unwritten.steps.append(step)
        self._add_event(EventType.STEP_COMPLETED, completed_data(step))
        for call in response.message.tool_calls:
            data = {"step": step.position, **_call_data(call.tool_call_id, call.name)}
            self._add_event(
                EventType.TOOL_CALL, data | {"arguments": storable(call.arguments)}
            )
        return step

    def add_result(self, result: ToolResultPart, row: ToolCall | None) -> None:
        """The result of a call; `row` is what was remembered of the call."""
        self.position += 1
        now = timezone.now()
        self._unwritten.steps.append(
            NEW_STEP.fill(
                task_id=self._task.pk,
                attempt=self._task.attempt,
                position=self.position,
                seq=self._seq + 1,
                kind=Step.Kind.TOOL_RESULT,
                cost_nanodollars=0,
                started_at=self._began_at,
                finished_at=now,
                message=storable_json(message_to_json(Message("tool", (result,)))),
            )
        )
        if row:
            row.status = ToolCall.Status.COMPLETED
            self._unwritten.tool_calls.append(row)
        data = {"step": self.position, **_call_data(result.tool_call_id, result.name)}
        excerpt = storable(result.content[:EXCERPT_CHARS])
        self._add_event(
            EventType.TOOL_RESULT,
            data | {"is_error": result.is_error, "content": excerpt},
        )

    def add_retry(self, retried: Retried) -> None:
        """What was said of this answer does not count; it is asked for again."""
        data = {
            "step": self.position + 1,
            "model": retried.model,
            "next_model": retried.next_model,
            "error_code": retried.code,
            "error_detail": storable(retried.detail),
            "wait_seconds": round(retried.wait, 3),
        }
        self._add_event(EventType.STEP_RETRIED, data)

    async def remember(self, row: ToolCall) -> None:
        """Make a call last before anything is done about it."""
        self._unwritten.tool_calls.append(row)
        await self.tell_of(row)

    async def tell_of(self, row: ToolCall) -> None:
        """Say what is done about a call, or that it waits."""
        data = _call_data(row.tool_call_id, row.name)
        if row.status == ToolCall.Status.WAITING:
            waiting = {"waits_for": row.waits_for, "arguments": row.arguments}
            self._add_event(EventType.TOOL_WAITING, data | waiting)
        else:
            self._add_event(EventType.TOOL_STARTED, data)
        await self.write()

    async def finish(self, finish: Finish) -> None:
        """End the attempt, keeping what was said of a step that broke off."""
        if self._step and (broken_off := self._step.take_drafts()):
            self._unwritten.drafts = broken_off.drafts
        self._unwritten.finish = finish
        data = {
            "status": finish.status.value,
            "error_code": finish.error_code,
            "error_detail": finish.error_detail,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost": dollars(self.cost_nanodollars),
            "cost_is_complete": self.cost_is_complete,
        }
        self._add_event(EventType.of_status(finish.status), data)
        await self.write()

    # --- What is left, when it is interrupted --------------------------------------

    @property
    def unfinished_chars(self) -> int:
        """How much a model has said in an answer that is not finished."""
        return sum(self._step.lengths.values()) if self._step else 0

    def unfinished(self) -> list[Draft]:
        """The text of that, all of it."""
        return self._step.whole() if self._step else []

    # --- Making it last --------------------------------------------------------

    async def write(self) -> None:
        """Commit what was added. Raises `AttemptLostError`, and what a database says."""
        entry, self._unwritten = self._unwritten, self._new_entry()
        if entry.events:
            await self._event_writer.write(entry)
            self._written_seq = entry.events[-1].seq
            self.unsure = None

    def forget_unwritten(self) -> None:
        """Drop what the database refused, and the numbers it was given."""
        self._unwritten = self._new_entry()
        self._seq = self._written_seq
        self._step = self.unsure = None

    def take_drafts(self) -> AttemptWrite | None:
        return self._step.take_drafts() if self._step else None

    def close(self) -> None:
        self._event_writer.forget_draft(self)

    def _current_step(self) -> StepInProgress:
        self._step = self._step or StepInProgress(
            self._task,
            seq=self._seq,
            position=self.position + 1,
            began_at=self._began_at,
        )
        return self._step

    def _add_event(self, kind: EventType, data: Mapping[str, Any]) -> None:
        """Add an event; it closes the text that was shown before it."""
        lengths = self._step.lengths if self._step else NO_TEXT
        self._step = None
        self._seq += 1
        self._unwritten.events.append(
            _NEW_EVENT.fill(
                task_id=self._task.pk,
                attempt=self._task.attempt,
                seq=self._seq,
                type=kind,
                created_at=timezone.now(),
                data={**data, **lengths},
            )
        )

    def _new_entry(self) -> AttemptWrite:
        return AttemptWrite(
            self._task.pk, self._task.attempt, owner_id=self._task.owner_id
        )


NO_TEXT = {"text_length": 0, "reasoning_length": 0}


def _call_data(tool_call_id: str, name: str) -> dict[str, Any]:
    return {"tool_call_id": storable(tool_call_id), "name": storable(name)}
