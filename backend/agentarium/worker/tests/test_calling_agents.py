"""Agents that call agents, and what becomes of one when the other ends."""

import asyncio
from collections.abc import Awaitable, Callable

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.agents.services import create_agent
from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.tools.base import ToolSpec
from agentarium.tasks.models import AgentTask
from agentarium.tasks.services import (
    cancel_task,
    retry_task,
)
from agentarium.tests.eventually import eventually
from agentarium.worker.attempt.toolbox import AgentTool, Question
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.records import results_of
from agentarium.worker.tests.scripted import (
    ScriptedModel,
    ScriptedTool,
    TalkingModel,
    call_of,
)

Reaches = Callable[..., Awaitable[AgentTask]]


class TestCallingAgents:
    async def test_runs_another_agent_and_takes_its_answer(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        other = await database.run(
            create_agent, owner=owner, name="Other", model="other"
        )
        model = TalkingModel([call_of("other", arguments='{"input": "Hi"}')], "Well.")
        tool = AgentTool(
            ToolSpec("other", "Asks another.", {"type": "object"}), other.pk
        )

        async with running(model, tool, other=TalkingModel("Hello yourself.")):
            await reaches(task, "completed")

        child = await database.run(AgentTask.objects.get, parent=task)
        assert (child.input_text, child.depth, child.owner_id) == ("Hi", 1, owner.pk)
        assert results_of(model) == ["Hello yourself."]

    async def test_cancels_what_it_called(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        other = await database.run(
            create_agent, owner=owner, name="Other", model="other"
        )
        model = TalkingModel([call_of("other", arguments='{"input": "Hi"}')])
        tool = AgentTool(
            ToolSpec("other", "Asks another.", {"type": "object"}), other.pk
        )
        asks = TalkingModel([call_of("other", arguments='{"input": "Hi"}')])

        async with running(model, tool, Question(ToolSpec("q", "?")), other=asks):
            await reaches(task, "waiting")
            await database.run(cancel_task, task, by=owner)

        alive = AgentTask.objects.exclude(status="cancelled")
        assert not await database.run(alive.exists)

    async def test_is_cancelled_when_what_called_it_fails(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        agent: Agent,
    ) -> None:
        await database.run(agent.versions.update, timeout=1)
        other = await database.run(
            create_agent, owner=agent.owner, name="Other", model="other"
        )
        spec = ToolSpec("other", "Asks another.", {"type": "object"})
        calls = [
            call_of("other", arguments='{"input": "Hi"}'),
            call_of("slow", number=2),
        ]
        slow = ScriptedTool("slow", effect="read", gate=asyncio.Event())
        endless = ScriptedModel("Never", gate=asyncio.Event())

        async with running(
            TalkingModel(calls), AgentTool(spec, other.pk), slow, other=endless
        ):
            await reaches(task, "failed")
            child = await database.run(AgentTask.objects.get, parent=task)
            await reaches(child, "cancelled")
            await eventually(
                "the child's model call to end", lambda: not endless.open_streams
            )

    async def test_calls_it_again_when_the_cancelled_task_is_run_again(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        other = await database.run(
            create_agent, owner=owner, name="Other", model="other"
        )
        spec = ToolSpec("other", "Asks another.", {"type": "object"})
        model = TalkingModel([call_of("other", arguments='{"input": "Hi"}')], "Well.")
        gate = asyncio.Event()
        answering = ScriptedModel("Hello yourself.", gate=gate)

        async with running(model, AgentTool(spec, other.pk), other=answering):
            await reaches(task, "waiting")
            await database.run(cancel_task, task, by=owner)
            await database.run(retry_task, task, by=owner)
            await reaches(task, "waiting")
            gate.set()
            await reaches(task, "completed")

        assert results_of(model) == ["Hello yourself."]
        children = AgentTask.objects.filter(parent=task).values_list("status")
        assert sorted(await database.run(list, children)) == [
            ("cancelled",),
            ("completed",),
        ]
