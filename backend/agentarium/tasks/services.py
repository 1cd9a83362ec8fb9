"""What people, clients and schedules ask for with tasks."""

from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, Max
from django.db.models.functions import Now

from agentarium.accounts.models import User
from agentarium.agents.models import Agent, AgentVersion
from agentarium.agents.services import hide_agent
from agentarium.core.exceptions import NotFoundError
from agentarium.tasks.models import AgentTask, Event
from agentarium.tasks.wake import wake_workers

log = structlog.get_logger(__name__)


@transaction.atomic
def submit_task(*, agent: Agent, input_text: str, owner: User) -> AgentTask:
    """Record a task, and wake a worker once the row is committed.

    Raises `NotFoundError` if the agent was deleted in the meantime.
    """
    version = AgentVersion.objects.defer("instructions").get(
        agent=agent, number=agent.version
    )
    task = AgentTask.objects.create(
        owner=owner,
        agent=agent,
        agent_version=version,
        input_text=input_text,
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
    )
    Event.objects.create(task=task, attempt=0, seq=1, type="task.created")
    # Last, so that the agent's row is locked for as short as can be; and it decides
    # between us and whoever deletes the agent at the same time.
    kept = Agent.objects.kept().filter(pk=agent.pk)
    if not kept.update(tasks_count=F("tasks_count") + 1):
        raise NotFoundError
    transaction.on_commit(wake_workers)
    return task


@transaction.atomic
def delete_agent(agent: Agent) -> None:
    """Hide an agent, and stop its tasks that have not begun; all of them remain."""
    hide_agent(agent)
    pending = AgentTask.objects.filter(agent=agent, status=AgentTask.Status.PENDING)
    for task in pending.select_for_update().only("id", "attempt"):
        end_unclaimed(task, status=AgentTask.Status.CANCELLED, code="agent_deleted")


def end_unclaimed(
    task: AgentTask, *, status: AgentTask.Status, code: str, detail: str = ""
) -> None:
    """End a task that no worker holds. The caller has locked its row."""
    AgentTask.objects.filter(pk=task.pk).update(
        status=status, finished_at=Now(), error_code=code, error_detail=detail
    )
    append_event(
        task,
        f"task.{status.value}",
        {"status": status.value, "error_code": code, "error_detail": detail},
    )


def append_event(task: AgentTask, kind: str, data: dict[str, Any]) -> Event:
    """Add to the log of a task that no worker holds. The caller has locked its row."""
    last = Event.objects.filter(task=task, attempt=task.attempt).aggregate(Max("seq"))
    return Event.objects.create(
        task=task,
        attempt=task.attempt,
        seq=(last["seq__max"] or 0) + 1,
        type=kind,
        data=data,
    )
