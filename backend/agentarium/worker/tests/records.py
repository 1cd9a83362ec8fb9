"""What tests read of a task: its tool call, its events, and the model's tool results."""

from agentarium.tasks.models import AgentTask, ToolCall
from agentarium.worker.tests.scripted import SequenceModel


def results_of(model: SequenceModel) -> list[str]:
    """The tool results in the messages of the model's last call."""
    return [
        part.content
        for message in model.calls[-1]
        for part in message.parts
        if part.type == "tool_result"
    ]


def call_row_of(task: AgentTask) -> ToolCall:
    """The row of the task's only tool call."""
    return ToolCall.objects.get(task=task)


def types_of(task: AgentTask) -> list[str]:
    return list(task.events.values_list("type", flat=True))
