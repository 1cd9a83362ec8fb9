"""P4: what was done is not done again. Calls, counted where they are made."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from pytest_django import Settings

from agentarium.accounts.models import User
from agentarium.db.clock import Now
from agentarium.db.threads import DatabaseThreads
from agentarium.tasks.models import AgentTask, Step, ToolCall, Worker
from agentarium.tasks.services import (
    cancel_task,
    resolve_call,
    retry_task,
)
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.records import results_of, the_call
from agentarium.worker.tests.scripted import (
    ScriptedTool,
    TalkingModel,
)

Reaches = Callable[..., Awaitable[AgentTask]]


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
