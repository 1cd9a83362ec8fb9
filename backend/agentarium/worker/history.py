"""What earlier attempts at a task have stored, and a new one does not ask for again."""

from collections import defaultdict
from collections.abc import Iterable

from agentarium.runtime.messages import Message, message_from_json
from agentarium.tasks.models import AgentTask, Step


def read_histories(tasks: Iterable[AgentTask]) -> dict[int, list[Message]]:
    """Task id -> the messages of its finished steps, in order."""
    begun = [task.pk for task in tasks if task.steps_count]
    histories: dict[int, list[Message]] = defaultdict(list)
    if begun:
        steps = Step.objects.filter(task__in=begun).order_by("task", "position")
        for step in steps.only("task", "message"):
            histories[step.task_id].append(message_from_json(step.message))
    return histories
