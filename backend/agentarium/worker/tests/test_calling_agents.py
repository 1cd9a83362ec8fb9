"""Agents that call agents, and what happens to one when the other ends."""

import asyncio
from collections.abc import Awaitable, Callable

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.agents.services import create_agent
from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.tools.base import ToolSpec
from agentarium.tasks.models import AgentTask
from agentarium.tasks.services import (
    approve_call,
    cancel_task,
    retry_task,
)
from agentarium.tests.eventually import eventually
from agentarium.worker.attempt.toolbox import AgentTool, Question
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.records import call_row_of, results_of
from agentarium.worker.tests.scripted import (
    ScriptedModel,
    ScriptedTool,
    SequenceModel,
    call_of,
)

WaitForStatus = Callable[..., Awaitable[AgentTask]]


class TestCallingAgents:
    async def test_runs_another_agent_and_uses_its_answer(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        other = await database.run(
            create_agent, owner=owner, name="Other", model="other"
        )
        model = SequenceModel([call_of("other", arguments='{"input": "Hi"}')], "Well.")
        tool = AgentTool(
            ToolSpec("other", "Asks another.", {"type": "object"}), other.pk
        )

        async with running(model, tool, other=SequenceModel("Hello yourself.")):
            await wait_for_status(task, "completed")

        child = await database.run(AgentTask.objects.get, parent=task)
        assert (child.input_text, child.depth, child.owner_id) == ("Hi", 1, owner.pk)
        assert results_of(model) == ["Hello yourself."]

    async def test_asks_a_person_first_if_the_entry_says_so(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        other = await database.run(
            create_agent, owner=owner, name="Other", model="other"
        )
        model = SequenceModel([call_of("other", arguments='{"input": "Hi"}')], "Well.")
        spec = ToolSpec(
            "other", "", {"type": "object"}, effect="read", needs_approval=True
        )

        async with running(
            model, AgentTool(spec, other.pk), other=SequenceModel("Hello yourself.")
        ):
            await wait_for_status(task, "waiting")
            call = await database.run(call_row_of, task)
            children = await database.run(AgentTask.objects.filter(parent=task).count)
            await database.run(
                approve_call, call, by=owner, arguments={"input": "Hello"}
            )
            await wait_for_status(task, "completed")

        assert (call.waits_for, children) == ("approval", 0)
        child = await database.run(AgentTask.objects.get, parent=task)
        assert child.input_text == "Hello"
        assert results_of(model) == ["Hello yourself."]

    async def test_cancels_its_child_tasks(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        other = await database.run(
            create_agent, owner=owner, name="Other", model="other"
        )
        model = SequenceModel([call_of("other", arguments='{"input": "Hi"}')])
        tool = AgentTool(
            ToolSpec("other", "Asks another.", {"type": "object"}), other.pk
        )
        asks = SequenceModel([call_of("other", arguments='{"input": "Hi"}')])

        async with running(model, tool, Question(ToolSpec("q", "?")), other=asks):
            await wait_for_status(task, "waiting")
            await database.run(cancel_task, task, by=owner)

        alive = AgentTask.objects.exclude(status="cancelled")
        assert not await database.run(alive.exists)

    async def test_a_child_is_cancelled_when_its_parent_fails(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
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
            SequenceModel(calls), AgentTool(spec, other.pk), slow, other=endless
        ):
            await wait_for_status(task, "failed")
            child = await database.run(AgentTask.objects.get, parent=task)
            await wait_for_status(child, "cancelled")
            await eventually(
                "the child's model call to end", lambda: not endless.open_streams
            )

    async def test_calls_the_agent_again_when_the_cancelled_task_is_retried(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        other = await database.run(
            create_agent, owner=owner, name="Other", model="other"
        )
        spec = ToolSpec("other", "Asks another.", {"type": "object"})
        model = SequenceModel([call_of("other", arguments='{"input": "Hi"}')], "Well.")
        gate = asyncio.Event()
        answering = ScriptedModel("Hello yourself.", gate=gate)

        async with running(model, AgentTool(spec, other.pk), other=answering):
            await wait_for_status(task, "waiting")
            await database.run(cancel_task, task, by=owner)
            await database.run(retry_task, task, by=owner)
            await wait_for_status(task, "waiting")
            gate.set()
            await wait_for_status(task, "completed")

        assert results_of(model) == ["Hello yourself."]
        children = AgentTask.objects.filter(parent=task).values_list("status")
        assert sorted(await database.run(list, children)) == [
            ("cancelled",),
            ("completed",),
        ]
