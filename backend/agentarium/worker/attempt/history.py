"""What a task goes on from: its conversation, and what earlier attempts have done."""

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
from agentarium.tasks.models import AgentTask, Step, ToolCall
from agentarium.worker.trace_context import UNKNOWN, TraceContext, read_trace_contexts


@dataclass(frozen=True, slots=True)
class History:
    """Messages to go on from, and the rows of calls that have no result yet."""

    messages: Sequence[Message]
    calls: dict[str, ToolCall] = field(default_factory=dict)
    origin: TraceContext = UNKNOWN


def read_histories(tasks: Sequence[AgentTask]) -> dict[int, History]:
    """Task id -> where it stands. A constant number of queries for first attempts."""
    threads = {task.pk: earlier_tasks(task) for task in tasks if task.follows_id}
    begun = [task.pk for task in tasks if task.steps_count]
    earlier = [task.pk for thread in threads.values() for task in thread]
    steps = _steps([*begun, *earlier])
    calls = _open_calls(begun)
    origins = read_trace_contexts(tasks)
    histories = {}
    for task in tasks:
        messages = _instructions(task)
        for one in (*threads.get(task.pk, ()), task):
            messages += [user_message(one.input_text), *steps.get(one.pk, ())]
        histories[task.pk] = History(
            messages, calls.get(task.pk, {}), origins.get(task.pk, UNKNOWN)
        )
    return histories


def _instructions(task: AgentTask) -> list[Message]:
    text = task.agent_version.instructions
    return [system_message(text)] if text else []


def _steps(task_ids: Iterable[int]) -> dict[int, list[Message]]:
    ids = list(task_ids)
    messages: dict[int, list[Message]] = defaultdict(list)
    if ids:
        steps = Step.objects.filter(task__in=ids).order_by("task", "position")
        for step in steps.only("task", "message"):
            messages[step.task_id].append(message_from_json(step.message))
    return messages


def _open_calls(task_ids: Sequence[int]) -> dict[int, dict[str, ToolCall]]:
    calls: dict[int, dict[str, ToolCall]] = defaultdict(dict)
    if task_ids:
        rows = ToolCall.objects.filter(task__in=task_ids).exclude(
            status=ToolCall.Status.COMPLETED
        )
        for row in rows:
            calls[row.task_id][row.tool_call_id] = row
    return calls
