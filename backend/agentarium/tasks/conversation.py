"""A conversation over several tasks: each follows the one before."""

from django.contrib.auth.base_user import AbstractBaseUser

from agentarium.tasks.models import AgentTask

# As far back as a task sees, and as a reader is shown.
MAX_CONVERSATION = 50


def earlier_tasks(task: AgentTask) -> list[AgentTask]:
    """The completed tasks that `task` goes on from, oldest first.

    Those that did not complete have said nothing that can be gone on from.
    """
    conversation = _before(task)
    return [one for one in conversation if one.status == AgentTask.Status.COMPLETED][
        ::-1
    ]


def _before(task: AgentTask) -> list[AgentTask]:
    """The tasks that lead to `task`, newest first."""
    conversation: list[AgentTask] = []
    follows = task.follows_id
    while follows and len(conversation) < MAX_CONVERSATION:
        before = AgentTask.objects.only(
            "id", "follows_id", "owner_id", "status", "input_text"
        ).get(pk=follows)
        if before.owner_id != task.owner_id:
            break
        conversation.append(before)
        follows = before.follows_id
    return conversation


def conversation_of(task: AgentTask, *, user: AbstractBaseUser) -> list[AgentTask]:
    """The conversation around a task, oldest first: what came before, and after."""
    mine = AgentTask.objects.visible_to(user)
    before = [one.pk for one in _before(task)]
    after: list[int] = []
    generation = [task.pk]
    while generation and len(after) < MAX_CONVERSATION:
        followers = mine.filter(follows__in=generation).values_list("pk", flat=True)
        generation = list(followers[:MAX_CONVERSATION])
        after += generation
    ids = [*before, task.pk, *after]
    return list(mine.for_detail().filter(pk__in=ids).order_by("created_at", "id"))
