"""What one attempt produces: numbered, published live, and stored in order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentarium.db import clock
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

# An event has the beginning of a tool's result; its step has all of it.
EXCERPT_CHARS = 500
_NEW_EVENT = RowTemplate(Event)


@dataclass(frozen=True, slots=True)
class CompleteResponse:
    """A complete response as a step, and its text as it was streamed."""

    step: Step
    output: StepInProgress


class AttemptRecord:
    """The only writer of a task, for as long as its attempt holds the task.

    The `add_` methods collect; `write` stores what they collected in one transaction.
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
        self._began_at = clock.now()
        self._step: StepInProgress | None = None
        self._unwritten = self._new_write()
        # The last complete response, until its step is committed.
        self.uncommitted_response: CompleteResponse | None = None

    # --- What happens in the attempt --------------------------------------------------

    def begin_step(self) -> None:
        """Note the time: a model call or tool calls begin now."""
        self._began_at = clock.now()

    def add_delta(self, delta: Delta, *, is_live: bool) -> None:
        """Add streamed text; publish it to readers if `is_live`."""
        message = self._current_step().add(delta)
        if is_live:
            self._pubsub.publish(Channel.task(self._task.pk), message)
        self._event_writer.schedule_drafts(self)

    def add_response(self, response: ModelResponse, price: Price | None) -> Step:
        """Add a complete response with its tool calls. Without a price, no cost."""
        output = self._current_step()
        step = output.finish(response, price)
        step.seq = self._seq + 1
        self.uncommitted_response = CompleteResponse(step, output)
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
        """Add the result of a tool call; `row` is the stored call, if there is one."""
        self.position += 1
        now = clock.now()
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
        """Log that the model is called again, so that readers drop the step's text."""
        data = {
            "step": self.position + 1,
            "model": retried.model,
            "next_model": retried.next_model,
            "error_code": retried.code,
            "error_detail": storable(retried.detail),
            "wait_seconds": round(retried.wait, 3),
        }
        if retried.provider_message:
            data["error_provider_message"] = storable(retried.provider_message)
        self._add_event(EventType.STEP_RETRIED, data)

    async def store_call(self, row: ToolCall) -> None:
        """Store a tool call, and log it, before it is made."""
        self._unwritten.tool_calls.append(row)
        await self.log_call(row)

    async def log_call(self, row: ToolCall) -> None:
        """Log that a tool call, which is stored already, was started or is waiting."""
        data = _call_data(row.tool_call_id, row.name)
        if row.status == ToolCall.Status.WAITING:
            waiting = {"waits_for": row.waits_for, "arguments": row.arguments}
            self._add_event(EventType.TOOL_WAITING, data | waiting)
        else:
            self._add_event(EventType.TOOL_STARTED, data)
        await self.write()

    async def finish(self, finish: Finish) -> None:
        """End the attempt. Keeps the text of an incomplete step as drafts."""
        if self._step and (incomplete := self._step.take_drafts()):
            self._unwritten.drafts = incomplete.drafts
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
        if finish.error_provider_message:
            data["error_provider_message"] = finish.error_provider_message
        self._add_event(EventType.of_status(finish.status), data)
        await self.write()

    # --- After an interruption --------------------------------------------------------

    @property
    def unfinished_chars(self) -> int:
        """The length of the text of an incomplete response."""
        return sum(self._step.lengths.values()) if self._step else 0

    def unfinished_drafts(self) -> list[Draft]:
        """The text of an incomplete response, whether or not it is stored."""
        return self._step.all_drafts() if self._step else []

    # --- Storing ----------------------------------------------------------------------

    async def write(self) -> None:
        """Commit what was added.

        Raises `AttemptLostError`, and the error of the database if it can never be stored.
        """
        write, self._unwritten = self._unwritten, self._new_write()
        if write.events:
            await self._event_writer.write(write)
            self._written_seq = write.events[-1].seq
            self.uncommitted_response = None

    def forget_unwritten(self) -> None:
        """Drop what the database refused, and reuse its event numbers."""
        self._unwritten = self._new_write()
        self._seq = self._written_seq
        self._step = self.uncommitted_response = None

    def take_drafts(self) -> AttemptWrite | None:
        return self._step.take_drafts() if self._step else None

    def close(self) -> None:
        self._event_writer.unschedule_drafts(self)

    def _current_step(self) -> StepInProgress:
        self._step = self._step or StepInProgress(
            self._task,
            seq=self._seq,
            position=self.position + 1,
            began_at=self._began_at,
        )
        return self._step

    def _add_event(self, kind: EventType, data: Mapping[str, Any]) -> None:
        """Add an event, which ends the text streamed before it."""
        lengths = self._step.lengths if self._step else NO_TEXT
        self._step = None
        self._seq += 1
        self._unwritten.events.append(
            _NEW_EVENT.fill(
                task_id=self._task.pk,
                attempt=self._task.attempt,
                seq=self._seq,
                type=kind,
                created_at=clock.now(),
                data={**data, **lengths},
            )
        )

    def _new_write(self) -> AttemptWrite:
        return AttemptWrite(
            self._task.pk, self._task.attempt, owner_id=self._task.owner_id
        )


NO_TEXT = {"text_length": 0, "reasoning_length": 0}


def _call_data(tool_call_id: str, name: str) -> dict[str, Any]:
    return {"tool_call_id": storable(tool_call_id), "name": storable(name)}
