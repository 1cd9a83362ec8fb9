"""Where an attempt continues: the conversation, and what earlier attempts have stored."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from agentarium.runtime.messages import (
    Message,
    message_from_json,
    system_message,
    user_message,
)
from agentarium.tasks.conversation import earlier_tasks
from agentarium.tasks.error_codes import ErrorCode
from agentarium.tasks.models import AgentTask, Step, ToolCall
from agentarium.worker.trace_context import (
    NO_TRACE_CONTEXT,
    TraceContext,
    read_trace_contexts,
)


@dataclass(frozen=True, slots=True)
class History:
    """The messages so far, and the rows of tool calls that have no result yet.

    `calls` are by tool call id.
    """

    messages: Sequence[Message]
    calls: dict[str, ToolCall] = field(default_factory=dict)
    trace_context: TraceContext = NO_TRACE_CONTEXT


def read_histories(tasks: Sequence[AgentTask]) -> dict[int, History]:
    """Task id -> history. A constant number of queries for first attempts."""
    earlier = {task.pk: earlier_tasks(task) for task in tasks if task.follows_id}
    started = [task.pk for task in tasks if task.steps_count]
    earlier_ids = [
        task.pk
        for conversation in earlier.values()
        for task in conversation
        if _has_usable_steps(task)
    ]
    steps = _read_steps([*started, *earlier_ids])
    calls = _read_open_calls(started)
    trace_contexts = read_trace_contexts(tasks)
    histories = {}
    for task in tasks:
        messages = _instructions(task)
        for each in (*earlier.get(task.pk, ()), task):
            messages += [user_message(each.input_text), *steps.get(each.pk, ())]
        histories[task.pk] = History(
            messages,
            calls.get(task.pk, {}),
            trace_contexts.get(task.pk, NO_TRACE_CONTEXT),
        )
    return histories


def _has_usable_steps(earlier: AgentTask) -> bool:
    """Whether what a task did can be sent again, and not only what it was asked.

    The steps of a running task are not final, and those that made the conversation too
    long would do it again.
    """
    is_too_long = earlier.error_code == ErrorCode.CONTEXT_TOO_LONG
    return earlier.is_ended and not is_too_long


def _instructions(task: AgentTask) -> list[Message]:
    text = task.agent_version.instructions
    return [system_message(text)] if text else []


def _read_steps(task_ids: Iterable[int]) -> dict[int, list[Message]]:
    ids = list(task_ids)
    messages: dict[int, list[Message]] = defaultdict(list)
    if ids:
        steps = Step.objects.filter(task__in=ids).order_by("task", "position")
        for step in steps.only("task", "message"):
            messages[step.task_id].append(message_from_json(step.message))
    return messages


def _read_open_calls(task_ids: Sequence[int]) -> dict[int, dict[str, ToolCall]]:
    calls: dict[int, dict[str, ToolCall]] = defaultdict(dict)
    if task_ids:
        rows = ToolCall.objects.filter(task__in=task_ids).exclude(
            status=ToolCall.Status.COMPLETED
        )
        for row in rows:
            calls[row.task_id][row.tool_call_id] = row
    return calls
