"""Tool calls of an agent, counted in the tools."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from django.db.models import QuerySet

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.tools.base import ToolError
from agentarium.tasks.models import AgentTask, Step
from agentarium.tasks.services import approve_call, resolve_call
from agentarium.tests.eventually import eventually
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.records import call_row_of, results_of, types_of
from agentarium.worker.tests.scripted import (
    ScriptedTool,
    SequenceModel,
    call_of,
)

WaitForStatus = Callable[..., Awaitable[AgentTask]]


def _results_of(task: AgentTask) -> QuerySet[Step]:
    return Step.objects.filter(task=task, kind="tool_result")


class TestCalling:
    async def test_makes_a_call_and_gives_its_result_to_the_model(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
    ) -> None:
        model = SequenceModel([call_of(arguments='{"what": "tea"}')], "Made.")
        tool = ScriptedTool()

        async with running(model, tool):
            ended = await wait_for_status(task, "completed")

        assert ended.output_text == "Made."
        assert (ended.steps_count, ended.output_tokens) == (3, 2)
        assert results_of(model) == ["Done: tea"]
        (call,) = tool.calls
        assert call.idempotency_key == f"agentarium-{task.pk}-1-call-1"
        assert await database.run(types_of, task) == [
            "task.created",
            "attempt.started",
            "step.completed",
            "tool.call",
            "tool.started",
            "tool.result",
            "step.completed",
            "task.completed",
        ]

    async def test_makes_calls_concurrently(
        self, task: AgentTask, running: RunWith, wait_for_status: WaitForStatus
    ) -> None:
        gate = asyncio.Event()
        model = SequenceModel([call_of(number=n) for n in (1, 2, 3)], "Done.")
        tool = ScriptedTool(gate=gate, effect="read")

        async with running(model, tool):
            await eventually("three concurrent calls", lambda: tool.open_calls == 3)
            gate.set()
            await wait_for_status(task, "completed")

        assert len(results_of(model)) == 3

    async def test_stores_a_result_while_other_calls_are_running(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
    ) -> None:
        gate = asyncio.Event()
        model = SequenceModel([call_of("quick", 1), call_of("slow", 2)], "Done.")
        slow = ScriptedTool("slow", gate=gate)

        async with running(model, ScriptedTool("quick"), slow):
            await eventually(
                "the quick call's result",
                lambda: database.run(_results_of(task).exists),
            )
            assert slow.open_calls == 1
            gate.set()
            await wait_for_status(task, "completed")

    @pytest.mark.parametrize(
        ("name", "arguments", "message"),
        [
            ("gone", "{}", "There is no tool 'gone'."),
            ("do", "{", "not valid JSON"),
            ("do", '{"what": 3}', "what"),
        ],
    )
    async def test_gives_the_model_an_error_for_an_invalid_call(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        name: str,
        arguments: str,
        message: str,
    ) -> None:
        model = SequenceModel([call_of(name, arguments=arguments)], "Sorry.")
        tool = ScriptedTool()

        async with running(model, tool):
            await wait_for_status(task, "completed")

        assert message in results_of(model)[0]
        assert tool.calls == []

    @pytest.mark.parametrize("arguments", ["null", "", '"{}"'])
    async def test_makes_a_call_whose_arguments_are_wrapped(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        arguments: str,
    ) -> None:
        model = SequenceModel([call_of(arguments=arguments)], "Done.")
        tool = ScriptedTool(needs_approval=True)

        async with running(model, tool):
            await wait_for_status(task, "waiting")
            row = await database.run(call_row_of, task)
            await database.run(approve_call, row, by=task.owner)
            await wait_for_status(task, "completed")

        assert row.arguments == "{}"
        assert [call.arguments for call in tool.calls] == [{}]

    async def test_gives_the_model_an_error_for_a_call_that_failed_or_timed_out(
        self, task: AgentTask, running: RunWith, wait_for_status: WaitForStatus
    ) -> None:
        model = SequenceModel([call_of("a", 1), call_of("b", 2)], "Sorry.")
        failing = ScriptedTool("a", error=ToolError("Out of tea."))
        slow = ScriptedTool("b", gate=asyncio.Event(), timeout=0.05, effect="read")

        async with running(model, failing, slow):
            await wait_for_status(task, "completed")

        assert set(results_of(model)) == {
            "Out of tea.",
            "The tool did not answer within 0.05 seconds.",
        }

    async def test_asks_a_person_for_the_outcome_of_a_write_that_timed_out(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        model = SequenceModel([call_of()], "Fine.")
        tool = ScriptedTool(gate=asyncio.Event(), timeout=0.05)

        async with running(model, tool):
            await wait_for_status(task, "waiting")
            call = await database.run(call_row_of, task)
            assert call.waits_for == "outcome"
            await database.run(resolve_call, call, by=owner, outcome="done")
            await wait_for_status(task, "completed")

        assert len(tool.calls) == 1

    async def test_fails_an_agent_that_exceeds_its_step_limit(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        agent: Agent,
    ) -> None:
        await database.run(agent.versions.update, max_steps=2)
        model = SequenceModel([call_of()], [call_of()], "Not reached.")

        async with running(model, ScriptedTool()):
            ended = await wait_for_status(task, "failed")

        assert ended.error_code == "max_steps"
        assert len(model.calls) == 2
