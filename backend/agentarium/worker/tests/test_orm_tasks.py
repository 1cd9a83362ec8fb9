"""Tasks that were created with the ORM run like any others."""

from collections.abc import Awaitable, Callable

import pytest
from django.core import serializers

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.db.threads import DatabaseThreads
from agentarium.tasks import wake_ups
from agentarium.tasks.models import AgentTask
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.scripted import ScriptedModel

WaitForStatus = Callable[..., Awaitable[AgentTask]]


def create_tasks(owner: User, pk: int) -> list[AgentTask]:
    """Create one task in each way that the ORM has, and their agent too."""
    agent = Agent.objects.create(owner=owner, name="A", model="scripted")
    saved = AgentTask(agent=agent, owner=owner, input_text="2")
    saved.save()
    row = {"agent": agent.pk, "owner": owner.pk, "input_text": "4"}
    loaded = {"model": "tasks.agenttask", "pk": pk, "fields": row}
    for each in serializers.deserialize("python", [loaded]):
        each.save()
    return [
        AgentTask.objects.create(agent=agent, owner=owner, input_text="1"),
        saved,
        *AgentTask.objects.bulk_create([AgentTask(agent=agent, input_text="3")]),
        AgentTask.objects.get(pk=pk),
    ]


async def test_tasks_created_with_the_orm_run_without_a_wake_up(
    owner: User,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wake_ups, "wake_here", lambda: None)

    async with running(ScriptedModel("Done.")):
        tasks = await database.run(create_tasks, owner, 70)
        ended = [await wait_for_status(task, "completed") for task in tasks]

    assert {task.output_text for task in ended} == {"Done."}
    assert {task.attempt for task in ended} == {1}


async def test_a_task_created_as_running_is_recovered(
    agent: Agent,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
) -> None:
    task = await database.run(
        AgentTask.objects.create, agent=agent, input_text="hi", status="running"
    )

    async with running(ScriptedModel("Done.")):
        ended = await wait_for_status(task, "completed")

    assert (ended.lost_attempts, ended.output_text) == (1, "Done.")
