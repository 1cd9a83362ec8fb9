"""Where an attempt continues: the conversation, and what earlier attempts have stored."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from agentarium.runtime.messages import Message, system_message, user_message
from agentarium.tasks.conversation import earlier_tasks, read_messages
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
    # Of the last message, if that is an answer.
    finish_reason: str = "stop"


def read_histories(tasks: Sequence[AgentTask]) -> dict[int, History]:
    """Task id -> history. A constant number of queries for first attempts."""
    earlier = {task.pk: earlier_tasks(task) for task in tasks if task.follows_id}
    started = [task.pk for task in tasks if task.steps_count]
    earlier_ids = [
        task.pk for conversation in earlier.values() for task in conversation
    ]
    steps = read_messages([*started, *earlier_ids])
    calls = _read_open_calls(started)
    trace_contexts = read_trace_contexts(tasks)
    finish_reasons = _read_finish_reasons(
        [pk for pk in started if pk in steps and _is_answer(steps[pk][-1])]
    )
    histories = {}
    for task in tasks:
        messages = _instructions(task)
        for each in (*earlier.get(task.pk, ()), task):
            messages += [user_message(each.input_text), *steps.get(each.pk, ())]
        histories[task.pk] = History(
            messages,
            calls.get(task.pk, {}),
            trace_contexts.get(task.pk, NO_TRACE_CONTEXT),
            finish_reasons.get(task.pk, "stop"),
        )
    return histories


def _instructions(task: AgentTask) -> list[Message]:
    text = task.agent_version.instructions
    return [system_message(text)] if text else []


def _is_answer(message: Message) -> bool:
    return message.role == "assistant" and not message.tool_calls


def _read_finish_reasons(task_ids: Sequence[int]) -> dict[int, str]:
    """Of the last steps of tasks whose attempt was lost before it stored the end."""
    if not task_ids:
        return {}
    steps = Step.objects.filter(task__in=task_ids, kind=Step.Kind.MODEL_RESPONSE)
    rows = steps.order_by("position").values_list("task", "finish_reason")
    return dict(rows)


def _read_open_calls(task_ids: Sequence[int]) -> dict[int, dict[str, ToolCall]]:
    calls: dict[int, dict[str, ToolCall]] = defaultdict(dict)
    if task_ids:
        rows = ToolCall.objects.filter(task__in=task_ids).exclude(
            status=ToolCall.Status.COMPLETED
        )
        for row in rows:
            calls[row.task_id][row.tool_call_id] = row
    return calls
