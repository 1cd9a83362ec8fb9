"""Conversations: tasks that follow one another."""

from django.contrib.auth.base_user import AbstractBaseUser

from agentarium.tasks.models import AgentTask

# The most tasks that a task continues, or that the API returns in one direction.
MAX_CONVERSATION = 50


def earlier_tasks(task: AgentTask) -> list[AgentTask]:
    """The tasks that `task` continues, oldest first, however they ended.

    What a person asked belongs to the conversation, also without an answer.
    """
    return _predecessors(task)[::-1]


def _predecessors(task: AgentTask) -> list[AgentTask]:
    """The tasks that `task` follows, directly or indirectly, newest first."""
    predecessors: list[AgentTask] = []
    follows = task.follows_id
    while follows and len(predecessors) < MAX_CONVERSATION:
        previous = AgentTask.objects.only(
            "id", "follows_id", "owner_id", "status", "error_code", "input_text"
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
