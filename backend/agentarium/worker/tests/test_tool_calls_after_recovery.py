"""P4: a finished step is not done again. Tool calls after their worker died."""

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
from agentarium.worker.tests.records import call_row_of, results_of
from agentarium.worker.tests.scripted import (
    ScriptedTool,
    SequenceModel,
)

WaitForStatus = Callable[..., Awaitable[AgentTask]]


class TestAfterRecovery:
    """A worker died during a tool call, and another one recovered the task."""

    @staticmethod
    def _leave_orphan(task: AgentTask, effect: str, *, status: str = "started") -> None:
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
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
    ) -> None:
        await database.run(self._leave_orphan, task, "idempotent")
        model, tool = SequenceModel("Done."), ScriptedTool(effect="idempotent")

        async with running(model, tool):
            await wait_for_status(task, "completed")

        (call,) = tool.calls
        assert call.idempotency_key == f"agentarium-{task.pk}-1-call-1"
        assert len(model.calls) == 1

    async def test_does_not_repeat_a_write_with_an_unknown_outcome(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        await database.run(self._leave_orphan, task, "write")
        model, tool = SequenceModel("Fine."), ScriptedTool()

        async with running(model, tool):
            await wait_for_status(task, "waiting")
            call = await database.run(call_row_of, task)
            assert call.waits_for == "outcome"
            await database.run(
                resolve_call, call, by=owner, outcome="done", result="Sent."
            )
            await wait_for_status(task, "completed")

        assert tool.calls == []
        assert results_of(model) == ["Sent."]

    async def test_does_not_repeat_a_write_after_a_cancel_and_a_retry(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        await database.run(self._leave_orphan, task, "write")
        tool = ScriptedTool()

        async with running(SequenceModel(), tool):
            await wait_for_status(task, "waiting")
            await database.run(cancel_task, task, by=owner)
            await database.run(retry_task, task, by=owner)
            await wait_for_status(task, "waiting")
            call = await database.run(call_row_of, task)

        assert (call.status, call.waits_for) == ("waiting", "outcome")
        assert tool.calls == []

    async def test_reports_an_unknown_outcome_when_the_decision_expires(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        settings: Settings,
    ) -> None:
        settings.APPROVAL_SECONDS = 1
        await database.run(self._leave_orphan, task, "write")
        model, tool = SequenceModel("Well."), ScriptedTool()

        async with running(model, tool):
            await wait_for_status(task, "completed")

        assert tool.calls == []
        assert "may or may not" in results_of(model)[0]

    async def test_repeats_a_write_if_a_person_decides_so(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        await database.run(self._leave_orphan, task, "write")
        model, tool = SequenceModel("Fine."), ScriptedTool()

        async with running(model, tool):
            await wait_for_status(task, "waiting")
            call = await database.run(call_row_of, task)
            await database.run(resolve_call, call, by=owner, outcome="repeat")
            await wait_for_status(task, "completed")

        assert len(tool.calls) == 1

    async def test_fails_the_task_if_a_person_decides_so(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        await database.run(self._leave_orphan, task, "write")

        async with running(SequenceModel(), ScriptedTool()):
            await wait_for_status(task, "waiting")
            call = await database.run(call_row_of, task)
            await database.run(resolve_call, call, by=owner, outcome="fail")
            ended = await wait_for_status(task, "failed")

        assert ended.error_code == "tool_outcome_unknown"
