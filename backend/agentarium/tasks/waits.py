"""Why a task does not run just now."""

from dataclasses import dataclass
from typing import Literal

from django.conf import settings
from django.db.models import Q

from agentarium.tasks.models import AgentTask, ToolCall, Worker

Reason = Literal[
    "not_due", "no_worker", "user_limit", "agent_limit", "queued", "person", "task"
]
# As far as a place in the queue is counted.
COUNTED = 1000


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a task waits; `position` is how many are before it, up to `COUNTED`."""

    reason: Reason
    detail: str
    position: int | None = None


def explain_wait(task: AgentTask) -> Wait | None:
    """Why `task` is pending or waiting; None for one that runs or has ended."""
    if task.status == AgentTask.Status.WAITING:
        return _waiting(task)
    if task.status == AgentTask.Status.PENDING:
        return _pending(task)
    return None


def _waiting(task: AgentTask) -> Wait:
    kinds = set(task.tool_calls.waiting().values_list("waits_for", flat=True))
    if kinds <= {ToolCall.WaitsFor.TASK}:
        return Wait("task", "It waits for a task that it has called.")
    return Wait("person", "It waits for somebody's word: see its approvals.")


def _pending(task: AgentTask) -> Wait:
    if not task.is_due:
        return Wait("not_due", f"It is not to be begun before {task.run_after}.")
    if not Worker.objects.alive().exists():
        return Wait("no_worker", "No worker is alive; it runs as soon as one is.")
    running = AgentTask.objects.filter(status=AgentTask.Status.RUNNING)
    limit = settings.MAX_RUNNING_PER_USER
    if limit and running.filter(owner=task.owner_id)[limit - 1 : limit].exists():
        return Wait("user_limit", f"{limit} of your tasks run, which is the limit.")
    limit = settings.MAX_RUNNING_PER_AGENT
    if limit and running.filter(agent=task.agent_id)[limit - 1 : limit].exists():
        return Wait("agent_limit", f"{limit} of its agent's run, which is the limit.")
    return _queued(task)


def _queued(task: AgentTask) -> Wait:
    before = AgentTask.objects.in_queue().filter(
        Q(priority__gt=task.priority)
        | Q(priority=task.priority, rank__lt=task.rank)
        | Q(priority=task.priority, rank=task.rank, pk__lt=task.pk)
    )
    position = before[:COUNTED].count()
    more = "at least " if position == COUNTED else ""
    return Wait("queued", f"Before it are {more}{position} tasks.", position)
