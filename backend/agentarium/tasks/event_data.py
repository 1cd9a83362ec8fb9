"""What each type of event says: the shape of its `data`, as the API describes it."""

from typing import NotRequired, TypedDict

from agentarium.tasks.event_types import EventType, StatusEventType


class Logged(TypedDict):
    """What all events of the log say."""

    created_at: str
    # Characters of the step that were streamed before this event, where there are any.
    text_length: NotRequired[int]
    reasoning_length: NotRequired[int]


class TaskCreated(Logged):
    traceparent: NotRequired[str]


class TaskLeft(Logged):
    """The task has ended, or its attempt has, to wait."""

    status: str
    error_code: str
    error_detail: str
    input_tokens: int
    output_tokens: int
    cost: str
    cost_is_complete: bool


class Requested(Logged):
    """`by` is a user; null where a task was cancelled together with its parent."""

    by: int | None
    was: str


class AttemptStarted(Logged):
    attempt: int
    worker: str


class AttemptOver(Logged):
    """`by` is the operator who took the task from its worker."""

    attempt: int
    by: NotRequired[int]


class StepCompleted(Logged):
    """`cost` is null where the model's price is not known."""

    step: int
    kind: str
    model: str
    finish_reason: str
    input_tokens: int
    output_tokens: int
    cost: str | None


class StepRetried(Logged):
    """The text streamed for this step does not count; `next_model` is called next."""

    step: int
    model: str
    next_model: str
    error_code: str
    error_detail: str
    wait_seconds: float


class ToolStarted(Logged):
    tool_call_id: str
    name: str


class ToolCalled(ToolStarted):
    """`arguments` is the JSON that the model wrote."""

    step: int
    arguments: str


class ToolWaiting(ToolStarted):
    waits_for: str
    arguments: str


class ToolDecided(Logged):
    """`by` is null where nobody decided: another task answered, or time ran out."""

    tool_call_id: str
    decision: str
    by: int | None
    arguments: NotRequired[str]


class ToolResult(ToolStarted):
    """`content` is the beginning of the result; the step has all of it."""

    step: int
    is_error: bool
    content: str


class UsageSettled(Logged):
    """Tokens that were counted after a cancel had ended the task."""

    input_tokens: int
    output_tokens: int
    cost: str | None
    is_estimate: bool


class Delta(TypedDict):
    """A piece of the step's text that is being streamed. Not in the log."""

    step: int
    text: str


class TaskChanged(TypedDict):
    task: int
    status: str


class Resync(TypedDict):
    """Changes may have been missed: read the lists again."""


EVENT_DATA: dict[EventType, type] = {
    EventType.TASK_CREATED: TaskCreated,
    EventType.TASK_WAITING: TaskLeft,
    EventType.TASK_COMPLETED: TaskLeft,
    EventType.TASK_FAILED: TaskLeft,
    EventType.TASK_CANCELLED: TaskLeft,
    EventType.TASK_RETRIED: Requested,
    EventType.CANCEL_REQUESTED: Requested,
    EventType.ATTEMPT_STARTED: AttemptStarted,
    EventType.ATTEMPT_LOST: AttemptOver,
    EventType.ATTEMPT_RELEASED: AttemptOver,
    EventType.STEP_COMPLETED: StepCompleted,
    EventType.STEP_RETRIED: StepRetried,
    EventType.TOOL_CALL: ToolCalled,
    EventType.TOOL_STARTED: ToolStarted,
    EventType.TOOL_WAITING: ToolWaiting,
    EventType.TOOL_DECIDED: ToolDecided,
    EventType.TOOL_RESULT: ToolResult,
    EventType.USAGE_RECORDED: UsageSettled,
    EventType.TEXT_DELTA: Delta,
    EventType.REASONING_DELTA: Delta,
}
STATUS_EVENT_DATA: dict[StatusEventType, type] = {
    StatusEventType.TASK_CHANGED: TaskChanged,
    StatusEventType.RESYNC: Resync,
}
