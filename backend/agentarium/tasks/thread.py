"""A conversation over several tasks: each follows the one before."""

from agentarium.tasks.models import AgentTask

# As far back as a task sees, and as a reader is shown.
MAX_THREAD = 50


def earlier_tasks(task: AgentTask) -> list[AgentTask]:
    """The completed tasks that `task` goes on from, oldest first.

    Those that did not complete have said nothing that can be gone on from.
    """
    thread: list[AgentTask] = []
    follows = task.follows_id
    while follows and len(thread) < MAX_THREAD:
        before = AgentTask.objects.only(
            "id", "follows_id", "owner_id", "status", "input_text"
        ).get(pk=follows)
        if before.owner_id != task.owner_id:
            break
        if before.status == AgentTask.Status.COMPLETED:
            thread.append(before)
        follows = before.follows_id
    return thread[::-1]
