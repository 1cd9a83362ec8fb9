"""Tool calls that wait for a person: approved, rejected, answered or expired."""

import asyncio
from collections.abc import Awaitable, Callable

from pytest_django import Settings

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.messages import ToolResultPart
from agentarium.runtime.tools.base import ToolSpec
from agentarium.tasks.models import AgentTask, Event, ToolCall
from agentarium.tasks.services import (
    answer_call,
    approve_call,
    cancel_task,
    reject_call,
    retry_task,
)
from agentarium.tests.eventually import eventually
from agentarium.worker.attempt.toolbox import Question
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.records import call_row_of, results_of, types_of
from agentarium.worker.tests.scripted import (
    ScriptedTool,
    SequenceModel,
    call_of,
)

WaitForStatus = Callable[..., Awaitable[AgentTask]]


class TestApprovals:
    async def test_makes_an_approved_call_with_changed_arguments(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        model = SequenceModel([call_of(arguments='{"what": "tea"}')], "Made.")
        tool = ScriptedTool(needs_approval=True)

        async with running(model, tool):
            await wait_for_status(task, "waiting")
            assert tool.calls == []
            call = await database.run(call_row_of, task)
            assert (call.waits_for, call.arguments) == ("approval", '{"what": "tea"}')
            await database.run(
                approve_call, call, by=owner, arguments={"what": "coffee"}
            )
            ended = await wait_for_status(task, "completed")

        assert results_of(model) == ["Done: coffee"]
        assert ended.lost_attempts == 0
        decided = await database.run(Event.objects.get, task=task, type="tool.decided")
        assert decided.data["arguments"] == '{"what": "coffee"}'

    async def test_gives_the_model_the_reason_of_a_rejection(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        model = SequenceModel([call_of()], "Then not.")
        tool = ScriptedTool(needs_approval=True)

        async with running(model, tool):
            await wait_for_status(task, "waiting")
            call = await database.run(call_row_of, task)
            await database.run(reject_call, call, by=owner, reason="Too hot.")
            await wait_for_status(task, "completed")

        assert tool.calls == []
        assert results_of(model) == ["A person rejected this call. Too hot."]

    async def test_uses_a_persons_answer_as_the_result(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        model = SequenceModel([call_of("ask")], "Thanks.")
        question = Question(ToolSpec("ask", "Asks."))

        async with running(model, question):
            await wait_for_status(task, "waiting")
            call = await database.run(call_row_of, task)
            await database.run(answer_call, call, by=owner, text="Blue.")
            await wait_for_status(task, "completed")

        assert results_of(model) == ["Blue."]

    async def test_makes_the_other_calls_while_one_waits_for_approval(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        model = SequenceModel([call_of("free", 1), call_of("bound", 2)], "Both.")
        free, bound = ScriptedTool("free"), ScriptedTool("bound", needs_approval=True)

        async with running(model, free, bound):
            await wait_for_status(task, "waiting")
            call = await database.run(ToolCall.objects.waiting().get, task=task)
            await database.run(approve_call, call, by=owner)
            await wait_for_status(task, "completed")

        assert (len(free.calls), len(bound.calls)) == (1, 1)

    async def test_logs_a_decision_that_was_made_while_other_calls_ran(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        gate = asyncio.Event()
        model = SequenceModel([call_of("slow", 1), call_of("bound", 2)], "Both.")
        slow = ScriptedTool("slow", effect="read", gate=gate)
        bound = ScriptedTool("bound", needs_approval=True)

        async with running(model, slow, bound):
            waiting = ToolCall.objects.waiting().filter(task=task)
            call = await eventually(
                "a call that waits", lambda: database.run(waiting.first)
            )
            await database.run(approve_call, call, by=owner, arguments={"what": "tea"})
            held = await database.run(AgentTask.objects.get, pk=task.pk)
            types_before = await database.run(types_of, task)
            gate.set()
            await wait_for_status(task, "completed")

        assert held.status == "running"
        assert "tool.decided" not in types_before
        decided = await database.run(Event.objects.get, task=task, type="tool.decided")
        assert decided.data == {
            "tool_call_id": call.tool_call_id,
            "decision": "approved",
            "by": owner.pk,
            "arguments": '{"what": "tea"}',
        }
        assert decided.attempt == 1

    async def test_rejects_a_call_whose_approval_expires(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        settings: Settings,
    ) -> None:
        settings.APPROVAL_SECONDS = 1
        model = SequenceModel([call_of()], "Then not.")
        tool = ScriptedTool(needs_approval=True)

        async with running(model, tool):
            await wait_for_status(task, "completed")

        assert tool.calls == []
        assert "in time" in results_of(model)[0]

    async def test_cancelling_a_task_closes_its_waiting_calls(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        model = SequenceModel([call_of()])
        tool = ScriptedTool(needs_approval=True)

        async with running(model, tool):
            await wait_for_status(task, "waiting")
            await database.run(cancel_task, task, by=owner)
            await wait_for_status(task, "cancelled")

        assert (await database.run(call_row_of, task)).status == "completed"

    async def test_a_failed_task_closes_its_waiting_calls(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        agent: Agent,
    ) -> None:
        await database.run(agent.versions.update, timeout=1)
        model = SequenceModel([call_of(), call_of("slow", number=2)])
        asks = ScriptedTool(needs_approval=True)
        slow = ScriptedTool("slow", effect="read", gate=asyncio.Event())

        async with running(model, asks, slow):
            ended = await wait_for_status(task, "failed")

        assert ended.error_code == "timeout"
        assert (await database.run(call_row_of, task)).status == "completed"

    async def test_asks_again_when_a_cancelled_task_is_retried(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        model = SequenceModel([call_of("ask")], "Thanks.")

        async with running(model, Question(ToolSpec("ask", "Asks."))):
            await wait_for_status(task, "waiting")
            await database.run(cancel_task, task, by=owner)
            await database.run(retry_task, task, by=owner)
            await wait_for_status(task, "waiting")
            call = await database.run(call_row_of, task)
            await database.run(answer_call, call, by=owner, text="Blue.")
            await wait_for_status(task, "completed")

        (result,) = model.calls[-1][-1].parts
        assert isinstance(result, ToolResultPart)
        assert (result.content, result.is_error) == ("Blue.", False)
