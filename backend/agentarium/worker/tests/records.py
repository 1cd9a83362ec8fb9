"""What tests read of a task: its call, its events, and the results the model was given."""

from agentarium.tasks.models import AgentTask, ToolCall
from agentarium.worker.tests.scripted import TalkingModel


def results_of(model: TalkingModel) -> list[str]:
    """What the model was told of its calls, the last time it was asked."""
    return [
        part.content
        for message in model.calls[-1]
        for part in message.parts
        if part.type == "tool_result"
    ]


def the_call(task: AgentTask) -> ToolCall:
    return ToolCall.objects.get(task=task)


def types_of(task: AgentTask) -> list[str]:
    return list(task.events.values_list("type", flat=True))
