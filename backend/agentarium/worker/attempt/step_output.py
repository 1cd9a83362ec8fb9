"""The output of a step in progress: streamed immediately, stored as drafts."""

from datetime import datetime
from typing import Any

import orjson

from agentarium.db import clock
from agentarium.db.bulk_insert import RowTemplate
from agentarium.runtime.call_usage import CallUsage
from agentarium.runtime.messages import ModelResponse, message_to_json
from agentarium.runtime.providers.base import Delta, TextDelta
from agentarium.streaming.pubsub import Message
from agentarium.tasks.models import AgentTask, Draft, Step
from agentarium.worker.writing.writes import AttemptWrite

Channel = Draft.Channel
NEW_STEP = RowTemplate(Step)


def storable(text: str) -> str:
    """Text that both databases accept: without NUL and lone surrogates."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


class StepInProgress:
    """The text of one step so far.

    `seq` is the number of the last event before it.
    """

    def __init__(
        self, task: AgentTask, *, seq: int, position: int, began_at: datetime
    ) -> None:
        self._task = task
        self._seq = seq
        self._position = position
        self._began_at = began_at
        self._length = {Channel.TEXT: 0, Channel.REASONING: 0}
        self._texts: dict[Channel, list[str]] = {}
        self._unstored: dict[Channel, list[str]] = {}

    def add(self, delta: Delta) -> Message:
        """Add a delta. Returns the message for readers."""
        is_text = isinstance(delta, TextDelta)
        channel = Channel.TEXT if is_text else Channel.REASONING
        text = storable(delta.text)
        offset = self._length[channel]
        self._length[channel] += len(text)
        self._texts.setdefault(channel, []).append(text)
        self._unstored.setdefault(channel, []).append(text)
        return {
            "attempt": self._task.attempt,
            "seq": self._seq,
            "step": self._position,
            "channel": channel.value,
            "offset": offset,
            "text": text,
        }

    def take_drafts(self) -> AttemptWrite | None:
        """The text since the last call, as drafts to store; None if there is none."""
        if not self._unstored:
            return None
        unstored, self._unstored = self._unstored, {}
        drafts = [
            self._draft(channel, "".join(texts)) for channel, texts in unstored.items()
        ]
        return AttemptWrite(self._task.pk, self._task.attempt, drafts=drafts)

    def all_drafts(self) -> list[Draft]:
        """One draft per channel with all of its text, whether or not it is stored."""
        return [
            self._draft(channel, "".join(texts))
            for channel, texts in self._texts.items()
        ]

    def _draft(self, channel: Channel, text: str) -> Draft:
        return Draft(
            task_id=self._task.pk,
            attempt=self._task.attempt,
            seq=self._seq,
            step=self._position,
            channel=channel.value,
            offset=self._length[channel] - len(text),
            text=text,
        )

    @property
    def lengths(self) -> dict[str, int]:
        """How much text a reader must have received before the next event."""
        return {
            "text_length": self._length[Channel.TEXT],
            "reasoning_length": self._length[Channel.REASONING],
        }

    def finish(self, response: ModelResponse, used: CallUsage) -> Step:
        """The complete response as a step, which replaces the drafts."""
        self._unstored.clear()
        self._length[Channel.TEXT] = len(storable(response.message.text))
        self._length[Channel.REASONING] = len(storable(response.message.reasoning))
        usage = used.usage
        return NEW_STEP.fill(
            task_id=self._task.pk,
            attempt=self._task.attempt,
            position=self._position,
            kind=Step.Kind.MODEL_RESPONSE,
            model=storable(response.model)[:200],
            finish_reason=response.finish_reason,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cached_input_tokens=usage.cached_input_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            cost_nanodollars=used.cost_nanodollars,
            usage_is_estimated=used.is_estimate,
            started_at=self._began_at,
            finished_at=clock.now(),
            message=storable_json(message_to_json(response.message)),
        )


def storable_json(value: Any) -> Any:
    """A JSON value in which every string is storable. Nearly all are unchanged."""
    try:
        if b"\\u0000" not in orjson.dumps(value):
            return value
    except TypeError:
        # A lone surrogate.
        pass
    return _with_storable_texts(value)


def _with_storable_texts(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_with_storable_texts(item) for item in value]
    if isinstance(value, dict):
        return {key: _with_storable_texts(item) for key, item in value.items()}
    return value
