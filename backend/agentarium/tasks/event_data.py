"""The shape of the `data` of each event type, for the API's schema."""

from typing import NotRequired, TypedDict

from agentarium.tasks.event_types import (
    EventType,
    StatusEventType,
    StreamEventType,
)


class Logged(TypedDict):
    """The fields of all stored events."""

    created_at: str
    # Characters of the step that were streamed before this event, if any.
    text_length: NotRequired[int]
    reasoning_length: NotRequired[int]


class TaskCreated(Logged):
    traceparent: NotRequired[str]


class AttemptFinished(Logged):
    """The task has ended, or its attempt has ended in order to wait."""

    status: str
    error_code: str
    error_detail: str
    error_provider_message: NotRequired[str]
    input_tokens: int
    output_tokens: int
    cost: str
    cost_is_complete: bool


class StatusRequested(Logged):
    """`by` is a user, or null if the task was cancelled together with its parent."""

    by: int | None
    was: str


class AttemptStarted(Logged):
    attempt: int
    worker: str


class AttemptEnded(Logged):
    """`by` is the operator who put the task back into the queue, if one did."""

    attempt: int
    by: NotRequired[int]


class StepCompleted(Logged):
    """`cost` is null if the model's price is unknown."""

    step: int
    kind: str
    model: str
    finish_reason: str
    input_tokens: int
    output_tokens: int
    cost: str | None


class StepRetried(Logged):
    """Discard the text streamed for this step so far; `next_model` is called next."""

    step: int
    model: str
    next_model: str
    error_code: str
    error_detail: str
    error_provider_message: NotRequired[str]
    wait_seconds: float


class ToolStarted(Logged):
    tool_call_id: str
    name: str


class ToolCalled(ToolStarted):
    """`arguments` is JSON, as the model wrote it."""

    step: int
    arguments: str


class ToolWaiting(ToolStarted):
    waits_for: str
    arguments: str


class ToolDecided(Logged):
    """`by` is null if no person decided: another task answered, or the call expired."""

    tool_call_id: str
    decision: str
    by: int | None
    arguments: NotRequired[str]


class ToolResult(ToolStarted):
    """`content` is the beginning of the result; the step contains all of it."""

    step: int
    is_error: bool
    content: str


class UsageRecorded(Logged):
    """Usage that was counted after the task had been cancelled."""

    input_tokens: int
    output_tokens: int
    cost: str | None
    is_estimate: bool


class Delta(TypedDict):
    """A piece of the text of the current step. Not stored in the log."""

    step: int
    text: str


class StreamClosed(TypedDict):
    """The caller has lost access. `code` is that of the problem that a new request gets."""

    code: str
    detail: str


class TaskChanged(TypedDict):
    task: int
    status: str


class Resync(TypedDict):
    """Changes may have been missed. Read the lists again."""


EVENT_DATA: dict[EventType, type] = {
    EventType.TASK_CREATED: TaskCreated,
    EventType.TASK_WAITING: AttemptFinished,
    EventType.TASK_COMPLETED: AttemptFinished,
    EventType.TASK_FAILED: AttemptFinished,
    EventType.TASK_CANCELLED: AttemptFinished,
    EventType.TASK_RETRIED: StatusRequested,
    EventType.CANCEL_REQUESTED: StatusRequested,
    EventType.ATTEMPT_STARTED: AttemptStarted,
    EventType.ATTEMPT_LOST: AttemptEnded,
    EventType.ATTEMPT_RELEASED: AttemptEnded,
    EventType.STEP_COMPLETED: StepCompleted,
    EventType.STEP_RETRIED: StepRetried,
    EventType.TOOL_CALL: ToolCalled,
    EventType.TOOL_STARTED: ToolStarted,
    EventType.TOOL_WAITING: ToolWaiting,
    EventType.TOOL_DECIDED: ToolDecided,
    EventType.TOOL_RESULT: ToolResult,
    EventType.USAGE_RECORDED: UsageRecorded,
    EventType.TEXT_DELTA: Delta,
    EventType.REASONING_DELTA: Delta,
}
STATUS_EVENT_DATA: dict[StatusEventType, type] = {
    StatusEventType.TASK_CHANGED: TaskChanged,
    StatusEventType.RESYNC: Resync,
}
STREAM_EVENT_DATA: dict[StreamEventType, type] = {
    StreamEventType.CLOSED: StreamClosed,
}
