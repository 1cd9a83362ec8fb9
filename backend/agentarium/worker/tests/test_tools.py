"""P4: a finished step is not done again. Calls, counted where they are made."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from django.db.models import QuerySet
from pytest_django import Settings

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.agents.services import create_agent
from agentarium.core.clock import Now
from agentarium.core.database_threads import DatabaseThreads
from agentarium.runtime.messages import ToolResultPart
from agentarium.runtime.tools.base import ToolError, ToolSpec
from agentarium.tasks.models import AgentTask, Event, Step, ToolCall, Worker
from agentarium.tasks.services import (
    answer_call,
    approve_call,
    cancel_task,
    reject_call,
    resolve_call,
    retry_task,
)
from agentarium.tests.eventually import eventually
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.scripted import (
    ScriptedModel,
    ScriptedTool,
    TalkingModel,
    call_of,
)
from agentarium.worker.toolbox import AgentTool, Question

Reaches = Callable[..., Awaitable[AgentTask]]


def results_of(model: TalkingModel) -> list[str]:
    """What the model was told of its calls, the last time it was asked."""
    return [
        part.content
        for message in model.calls[-1]
        for part in message.parts
        if part.type == "tool_result"
    ]


def the_call(task: AgentTask) -> ToolCall:
    return ToolCall.objects.get(task=task)


def _results_of(task: AgentTask) -> QuerySet[Step]:
    return Step.objects.filter(task=task, kind="tool_result")


def types_of(task: AgentTask) -> list[str]:
    return list(task.events.values_list("type", flat=True))


class TestCalling:
    async def test_calls_and_tells_the_model(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
    ) -> None:
        model = TalkingModel([call_of(arguments='{"what": "tea"}')], "Made.")
        tool = ScriptedTool()

        async with running(model, tool):
            ended = await reaches(task, "completed")

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

    async def test_calls_in_parallel(
        self, task: AgentTask, running: RunWith, reaches: Reaches
    ) -> None:
        gate = asyncio.Event()
        model = TalkingModel([call_of(number=n) for n in (1, 2, 3)], "Done.")
        tool = ScriptedTool(gate=gate, effect="read")

        async with running(model, tool):
            await eventually("three calls at a time", lambda: tool.open_calls == 3)
            gate.set()
            await reaches(task, "completed")

        assert len(results_of(model)) == 3

    async def test_stores_a_result_while_other_calls_are_still_under_way(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
    ) -> None:
        gate = asyncio.Event()
        model = TalkingModel([call_of("quick", 1), call_of("slow", 2)], "Done.")
        slow = ScriptedTool("slow", gate=gate)

        async with running(model, ScriptedTool("quick"), slow):
            await eventually(
                "the quick call's result",
                lambda: database.run(_results_of(task).exists),
            )
            assert slow.open_calls == 1
            gate.set()
            await reaches(task, "completed")

    @pytest.mark.parametrize(
        ("name", "arguments", "said"),
        [
            ("gone", "{}", "There is no tool 'gone'."),
            ("do", "{", "not valid JSON"),
            ("do", '{"what": 3}', "what"),
        ],
    )
    async def test_tells_the_model_of_a_wrong_call(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        name: str,
        arguments: str,
        said: str,
    ) -> None:
        model = TalkingModel([call_of(name, arguments=arguments)], "Sorry.")
        tool = ScriptedTool()

        async with running(model, tool):
            await reaches(task, "completed")

        assert said in results_of(model)[0]
        assert tool.calls == []

    async def test_tells_the_model_of_a_call_that_failed_or_took_too_long(
        self, task: AgentTask, running: RunWith, reaches: Reaches
    ) -> None:
        model = TalkingModel([call_of("a", 1), call_of("b", 2)], "Sorry.")
        failing = ScriptedTool("a", error=ToolError("Out of tea."))
        slow = ScriptedTool("b", gate=asyncio.Event(), timeout=0.05, effect="read")

        async with running(model, failing, slow):
            await reaches(task, "completed")

        assert set(results_of(model)) == {
            "Out of tea.",
            "No answer within 0.05 seconds.",
        }

    async def test_asks_a_person_what_became_of_a_call_that_did_not_answer(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        model = TalkingModel([call_of()], "Fine.")
        tool = ScriptedTool(gate=asyncio.Event(), timeout=0.05)

        async with running(model, tool):
            await reaches(task, "waiting")
            call = await database.run(the_call, task)
            assert call.waits_for == "outcome"
            await database.run(resolve_call, call, by=owner, outcome="done")
            await reaches(task, "completed")

        assert len(tool.calls) == 1

    async def test_ends_an_agent_that_does_not_come_to_an_end(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        agent: Agent,
    ) -> None:
        await database.run(agent.versions.update, max_steps=2)
        model = TalkingModel([call_of()], [call_of()], "Never said.")

        async with running(model, ScriptedTool()):
            ended = await reaches(task, "failed")

        assert ended.error_code == "max_steps"
        assert len(model.calls) == 2


class TestWaitingForAPerson:
    async def test_calls_once_it_is_approved_with_changed_arguments(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        model = TalkingModel([call_of(arguments='{"what": "tea"}')], "Made.")
        tool = ScriptedTool(needs_approval=True)

        async with running(model, tool):
            await reaches(task, "waiting")
            assert tool.calls == []
            call = await database.run(the_call, task)
            assert (call.waits_for, call.arguments) == ("approval", '{"what": "tea"}')
            await database.run(
                approve_call, call, by=owner, arguments={"what": "coffee"}
            )
            ended = await reaches(task, "completed")

        assert results_of(model) == ["Done: coffee"]
        assert ended.lost_attempts == 0
        decided = await database.run(Event.objects.get, task=task, type="tool.decided")
        assert decided.data["arguments"] == '{"what": "coffee"}'

    async def test_tells_the_model_that_it_was_refused_and_why(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        model = TalkingModel([call_of()], "Then not.")
        tool = ScriptedTool(needs_approval=True)

        async with running(model, tool):
            await reaches(task, "waiting")
            call = await database.run(the_call, task)
            await database.run(reject_call, call, by=owner, reason="Too hot.")
            await reaches(task, "completed")

        assert tool.calls == []
        assert results_of(model) == ["A person has refused this call. Too hot."]

    async def test_takes_a_persons_answer_as_the_result(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        model = TalkingModel([call_of("ask")], "Thanks.")
        question = Question(ToolSpec("ask", "Asks."))

        async with running(model, question):
            await reaches(task, "waiting")
            call = await database.run(the_call, task)
            await database.run(answer_call, call, by=owner, text="Blue.")
            await reaches(task, "completed")

        assert results_of(model) == ["Blue."]

    async def test_makes_the_other_calls_and_waits_for_the_last_word(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        model = TalkingModel([call_of("free", 1), call_of("bound", 2)], "Both.")
        free, bound = ScriptedTool("free"), ScriptedTool("bound", needs_approval=True)

        async with running(model, free, bound):
            await reaches(task, "waiting")
            call = await database.run(ToolCall.objects.waiting().get, task=task)
            await database.run(approve_call, call, by=owner)
            await reaches(task, "completed")

        assert (len(free.calls), len(bound.calls)) == (1, 1)

    async def test_logs_what_is_decided_while_other_calls_are_made(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        gate = asyncio.Event()
        model = TalkingModel([call_of("slow", 1), call_of("bound", 2)], "Both.")
        slow = ScriptedTool("slow", effect="read", gate=gate)
        bound = ScriptedTool("bound", needs_approval=True)

        async with running(model, slow, bound):
            waiting = ToolCall.objects.waiting().filter(task=task)
            call = await eventually(
                "a call that waits", lambda: database.run(waiting.first)
            )
            await database.run(approve_call, call, by=owner, arguments={"what": "tea"})
            held = await database.run(AgentTask.objects.get, pk=task.pk)
            told_early = await database.run(types_of, task)
            gate.set()
            await reaches(task, "completed")

        assert held.status == "running"
        assert "tool.decided" not in told_early
        decided = await database.run(Event.objects.get, task=task, type="tool.decided")
        assert decided.data == {
            "tool_call_id": call.tool_call_id,
            "decision": "approved",
            "by": owner.pk,
            "arguments": '{"what": "tea"}',
        }
        assert decided.attempt == 1

    async def test_refuses_by_itself_what_nobody_decides_in_time(
        self, task: AgentTask, running: RunWith, reaches: Reaches, settings: Settings
    ) -> None:
        settings.APPROVAL_SECONDS = 1
        model = TalkingModel([call_of()], "Then not.")
        tool = ScriptedTool(needs_approval=True)

        async with running(model, tool):
            await reaches(task, "completed")

        assert tool.calls == []
        assert "in time" in results_of(model)[0]

    async def test_ends_with_its_questions_when_it_is_cancelled(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        model = TalkingModel([call_of()])
        tool = ScriptedTool(needs_approval=True)

        async with running(model, tool):
            await reaches(task, "waiting")
            await database.run(cancel_task, task, by=owner)
            await reaches(task, "cancelled")

        assert (await database.run(the_call, task)).status == "completed"

    async def test_ends_with_its_questions_when_it_fails(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        agent: Agent,
    ) -> None:
        await database.run(agent.versions.update, timeout=1)
        model = TalkingModel([call_of(), call_of("slow", number=2)])
        asks = ScriptedTool(needs_approval=True)
        slow = ScriptedTool("slow", effect="read", gate=asyncio.Event())

        async with running(model, asks, slow):
            ended = await reaches(task, "failed")

        assert ended.error_code == "timeout"
        assert (await database.run(the_call, task)).status == "completed"

    async def test_asks_again_when_a_cancelled_task_is_run_again(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        model = TalkingModel([call_of("ask")], "Thanks.")

        async with running(model, Question(ToolSpec("ask", "Asks."))):
            await reaches(task, "waiting")
            await database.run(cancel_task, task, by=owner)
            await database.run(retry_task, task, by=owner)
            await reaches(task, "waiting")
            call = await database.run(the_call, task)
            await database.run(answer_call, call, by=owner, text="Blue.")
            await reaches(task, "completed")

        (result,) = model.calls[-1][-1].parts
        assert isinstance(result, ToolResultPart)
        assert (result.content, result.is_error) == ("Blue.", False)


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


class TestAfterADeath:
    """A worker died: what it had done is not done again."""

    @staticmethod
    def _leave(task: AgentTask, effect: str, *, status: str = "started") -> None:
        dead = Worker.objects.create(
            name="dead", capacity=1, lease_until=Now() - timedelta(seconds=1)
        )
        AgentTask.objects.filter(pk=task.pk).update(
            status="running", attempt=1, worker=dead, steps_count=1
        )
        Step.objects.create(
            task=task,
            position=1,
            attempt=1,
            kind="model_response",
            started_at=task.created_at,
            finished_at=task.created_at,
            message={
                "role": "assistant",
                "parts": [
                    {
                        "type": "tool_call",
                        "tool_call_id": "call-1",
                        "name": "do",
                        "arguments": "{}",
                    }
                ],
            },
        )
        ToolCall.objects.create(
            task=task,
            step=1,
            tool_call_id="call-1",
            name="do",
            effect=effect,
            status=status,
            arguments="{}",
        )

    async def test_repeats_an_idempotent_call_with_the_same_key(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
    ) -> None:
        await database.run(self._leave, task, "idempotent")
        model, tool = TalkingModel("Done."), ScriptedTool(effect="idempotent")

        async with running(model, tool):
            await reaches(task, "completed")

        (call,) = tool.calls
        assert call.idempotency_key == f"agentarium-{task.pk}-1-call-1"
        assert len(model.calls) == 1

    async def test_does_not_repeat_a_call_that_may_have_been_done(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        await database.run(self._leave, task, "write")
        model, tool = TalkingModel("Fine."), ScriptedTool()

        async with running(model, tool):
            await reaches(task, "waiting")
            call = await database.run(the_call, task)
            assert call.waits_for == "outcome"
            await database.run(
                resolve_call, call, by=owner, outcome="done", result="Sent."
            )
            await reaches(task, "completed")

        assert tool.calls == []
        assert results_of(model) == ["Sent."]

    async def test_still_does_not_repeat_it_when_the_task_was_cancelled_and_retried(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        await database.run(self._leave, task, "write")
        tool = ScriptedTool()

        async with running(TalkingModel(), tool):
            await reaches(task, "waiting")
            await database.run(cancel_task, task, by=owner)
            await database.run(retry_task, task, by=owner)
            await reaches(task, "waiting")
            call = await database.run(the_call, task)

        assert (call.status, call.waits_for) == ("waiting", "outcome")
        assert tool.calls == []

    async def test_says_that_nobody_knows_when_nobody_decides_in_time(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        settings: Settings,
    ) -> None:
        settings.APPROVAL_SECONDS = 1
        await database.run(self._leave, task, "write")
        model, tool = TalkingModel("Well."), ScriptedTool()

        async with running(model, tool):
            await reaches(task, "completed")

        assert tool.calls == []
        assert "may or may not" in results_of(model)[0]

    async def test_repeats_it_if_a_person_says_so(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        await database.run(self._leave, task, "write")
        model, tool = TalkingModel("Fine."), ScriptedTool()

        async with running(model, tool):
            await reaches(task, "waiting")
            call = await database.run(the_call, task)
            await database.run(resolve_call, call, by=owner, outcome="repeat")
            await reaches(task, "completed")

        assert len(tool.calls) == 1

    async def test_fails_if_a_person_says_so(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        await database.run(self._leave, task, "write")

        async with running(TalkingModel(), ScriptedTool()):
            await reaches(task, "waiting")
            call = await database.run(the_call, task)
            await database.run(resolve_call, call, by=owner, outcome="fail")
            ended = await reaches(task, "failed")

        assert ended.error_code == "tool_outcome_unknown"
