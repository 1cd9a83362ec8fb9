"""Conversations: tasks that follow one another."""

from collections import defaultdict
from collections.abc import Collection

from django.contrib.auth.base_user import AbstractBaseUser

from agentarium.runtime.answers import problem_of
from agentarium.runtime.messages import Message, message_from_json
from agentarium.tasks.models import AgentTask, Step

# The most tasks that a task continues, or that the API returns in one direction.
MAX_CONVERSATION = 50


def earlier_tasks(task: AgentTask) -> list[AgentTask]:
    """The completed tasks that `task` continues, oldest first.

    Tasks that did not complete have no output to continue from, and are left out.
    """
    predecessors = _predecessors(task)
    completed = AgentTask.Status.COMPLETED
    return [
        earlier for earlier in reversed(predecessors) if earlier.status == completed
    ]


def read_messages(task_ids: Collection[int]) -> dict[int, list[Message]]:
    """Task id -> the messages of its steps, in order. One query.

    Without answers that failed their task: a model is asked again instead.
    """
    messages: dict[int, list[Message]] = defaultdict(list)
    if task_ids:
        steps = Step.objects.filter(task__in=task_ids).order_by("task", "position")
        for step in steps.only("task", "kind", "finish_reason", "message"):
            message = message_from_json(step.message)
            is_answer = step.kind == Step.Kind.MODEL_RESPONSE
            if not (is_answer and problem_of(message, step.finish_reason)):
                messages[step.task_id].append(message)
    return messages


def _predecessors(task: AgentTask) -> list[AgentTask]:
    """The tasks that `task` follows, directly or indirectly, newest first."""
    predecessors: list[AgentTask] = []
    follows = task.follows_id
    while follows and len(predecessors) < MAX_CONVERSATION:
        previous = AgentTask.objects.only(
            "id", "follows_id", "owner_id", "status", "input_text"
        ).get(pk=follows)
        if previous.owner_id != task.owner_id:
            break
        predecessors.append(previous)
        follows = previous.follows_id
    return predecessors


def conversation_of(task: AgentTask, *, user: AbstractBaseUser) -> list[AgentTask]:
    """The conversation of a task, oldest first: its predecessors and successors."""
    visible = AgentTask.objects.visible_to(user)
    before = [earlier.pk for earlier in _predecessors(task)]
    after: list[int] = []
    generation = [task.pk]
    while generation and len(after) < MAX_CONVERSATION:
        followers = visible.filter(follows__in=generation).values_list("pk", flat=True)
        generation = list(followers[:MAX_CONVERSATION])
        after += generation
    ids = [*before, task.pk, *after]
    return list(visible.for_detail().filter(pk__in=ids).order_by("created_at", "id"))
