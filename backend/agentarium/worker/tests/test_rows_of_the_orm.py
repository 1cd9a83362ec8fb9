"""Tasks that were made with the ORM are run like any other."""

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

Reaches = Callable[..., Awaitable[AgentTask]]


def make(owner: User, number: int) -> list[AgentTask]:
    """One of each way; their agent is made with the ORM, too."""
    agent = Agent.objects.create(owner=owner, name="A", model="scripted")
    saved = AgentTask(agent=agent, owner=owner, input_text="2")
    saved.save()
    row = {"agent": agent.pk, "owner": owner.pk, "input_text": "4"}
    loaded = {"model": "tasks.agenttask", "pk": number, "fields": row}
    for each in serializers.deserialize("python", [loaded]):
        each.save()
    return [
        AgentTask.objects.create(agent=agent, owner=owner, input_text="1"),
        saved,
        *AgentTask.objects.bulk_create([AgentTask(agent=agent, input_text="3")]),
        AgentTask.objects.get(pk=number),
    ]


async def test_without_a_wake_up(
    owner: User,
    running: RunWith,
    reaches: Reaches,
    database: DatabaseThreads,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wake_ups, "wake_here", lambda: None)

    async with running(ScriptedModel("Done.")):
        tasks = await database.run(make, owner, 70)
        ended = [await reaches(task, "completed") for task in tasks]

    assert {task.output_text for task in ended} == {"Done."}
    assert {task.attempt for task in ended} == {1}


async def test_that_is_said_to_run_goes_back_to_the_queue(
    agent: Agent, running: RunWith, reaches: Reaches, database: DatabaseThreads
) -> None:
    task = await database.run(
        AgentTask.objects.create, agent=agent, input_text="hi", status="running"
    )

    async with running(ScriptedModel("Done.")):
        ended = await reaches(task, "completed")

    assert (ended.lost_attempts, ended.output_text) == (1, "Done.")
