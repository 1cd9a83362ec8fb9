"""P6: stop stops. Model calls and tool calls, counted where they end."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import pytest

from agentarium.accounts.models import User
from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.providers.base import ProviderError, ProviderErrorCode
from agentarium.tasks import fence
from agentarium.tasks.fence import AttemptKey, still_held
from agentarium.tasks.models import AgentTask, Draft, Event
from agentarium.tasks.services import cancel_task, cancel_tasks, retry_task
from agentarium.tests.eventually import DEADLINE_SECONDS, eventually
from agentarium.worker import session
from agentarium.worker.queue import claims, late_usage
from agentarium.worker.queue.late_usage import record_late_usage
from agentarium.worker.queue.maintenance import run_maintenance
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.scripted import (
    ScriptedModel,
    ScriptedTool,
    SequenceModel,
    call_of,
    late_usage_of,
)

WaitForStatus = Callable[..., Awaitable[AgentTask]]


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[set[AttemptKey]]:
    """The attempts that each check of the watch found to hold their tasks."""
    found: list[set[AttemptKey]] = []

    def check(keys: Iterable[AttemptKey], *, lock: bool = False) -> set[AttemptKey]:
        held = still_held(keys, lock=lock)
        # A check with a lock is a write.
        if not lock:
            found.append(held)
        return held

    monkeypatch.setattr(fence, "still_held", check)
    return found


def test_the_watch_checks_more_than_once_a_second() -> None:
    assert session.WATCH_SECONDS + session.WATCH_PAUSE_SECONDS < 1


class TestCancel:
    async def test_closes_the_connection_at_the_next_check_and_records_late_usage(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        owner: User,
        checks: list[set[AttemptKey]],
    ) -> None:
        model = ScriptedModel("Once upon ", "a time", gate=asyncio.Event())

        async with running(model):
            await eventually("the model call", lambda: model.open_streams == 1)
            await database.run(cancel_task, task, by=owner)
            checks.clear()
            await eventually("the connection to close", lambda: not model.open_streams)
            checks_until_closed = len(checks)
            cancelled = await wait_for_status(task, "cancelled")
            await late_usage_of(database, task)

        # One check may have been running when the task was cancelled.
        assert checks_until_closed <= 2
        assert cancelled.error_code == "cancelled"
        now = await database.run(AgentTask.objects.get, pk=task.pk)
        assert (now.input_tokens, now.output_tokens) == (3, 4)
        drafts = await database.run(lambda: list(Draft.objects.filter(task=task)))
        assert "".join(draft.text for draft in drafts) == "Once upon a time"

    async def test_is_not_delayed_by_other_work_of_the_worker(
        self,
        submit: Callable[..., AgentTask],
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        owner: User,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        tasks = [await database.run(submit) for _ in range(2)]
        model = ScriptedModel("Once upon a time", gate=asyncio.Event())
        may_continue = threading.Event()

        def delayed(work: Callable[..., Any]) -> Callable[..., Any]:
            def run_later(*args: Any, **kwargs: Any) -> Any:
                may_continue.wait(2 * DEADLINE_SECONDS)
                return work(*args, **kwargs)

            return run_later

        async with running(model) as runner:
            await eventually("two calls", lambda: model.open_streams == 2)
            # All other work is slow, as with a busy database.
            monkeypatch.setattr(claims, "claim", delayed(claims.claim))
            monkeypatch.setattr(
                late_usage, "record_late_usage", delayed(record_late_usage)
            )
            monkeypatch.setattr(session, "run_maintenance", delayed(run_maintenance))
            await database.run(cancel_task, tasks[0], by=owner)
            runner.wake()
            await eventually("one call to end", lambda: model.open_streams == 1)
            await database.run(cancel_task, tasks[1], by=owner)
            runner.wake()
            await eventually("both to end", lambda: model.open_streams == 0)
            # Both were stopped while all other work is still waiting.
            assert not may_continue.is_set()
            may_continue.set()
            for task in tasks:
                await late_usage_of(database, task)

    async def test_starts_no_further_tool_call(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        owner: User,
        checks: list[set[AttemptKey]],
    ) -> None:
        gate = asyncio.Event()
        model = SequenceModel([call_of("a", 1)], [call_of("b", 2)], "Never.")
        first, second = ScriptedTool("a", gate=gate), ScriptedTool("b")

        async with running(model, first, second):
            await eventually("the call", lambda: first.open_calls == 1)
            await database.run(cancel_task, task, by=owner)
            checks.clear()
            await eventually("the call to end", lambda: first.open_calls == 0)
            checks_until_closed = len(checks)
            gate.set()
            await wait_for_status(task, "cancelled")
            (usage,) = await late_usage_of(database, task)

        assert checks_until_closed <= 2
        assert second.calls == []
        assert len(model.calls) == 1
        # No model call was running, so there is no usage beyond what is stored.
        assert (usage["input_tokens"], usage["output_tokens"]) == (0, 0)

    async def test_ends_pending_tasks_immediately(
        self, submit: Callable[..., AgentTask], database: DatabaseThreads, owner: User
    ) -> None:
        tasks = [await database.run(submit) for _ in range(3)]

        count = await database.run(
            cancel_tasks, AgentTask.objects.filter(owner=owner), by=owner
        )

        assert count == 3
        ended = AgentTask.objects.filter(
            pk__in=[task.pk for task in tasks], status="cancelled"
        )
        assert await database.run(ended.count) == 3


class TestRetries:
    async def test_repeats_the_model_call_after_a_transient_error(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
    ) -> None:
        busy = ProviderError(
            ProviderErrorCode.RATE_LIMITED,
            "Slow down.",
            is_transient=True,
            retry_after=0.01,
        )
        model = SequenceModel(busy, busy, "Now.")

        async with running(model):
            ended = await wait_for_status(task, "completed")

        assert (ended.output_text, ended.attempt) == ("Now.", 1)
        retries = await database.run(
            lambda: list(Event.objects.filter(task=task, type="step.retried"))
        )
        assert [event.data["error_code"] for event in retries] == [
            "provider_rate_limited",
            "provider_rate_limited",
        ]

    async def test_calls_the_fallback_model_when_the_first_one_fails(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
    ) -> None:
        await database.run(_fall_back_to, task, "other")
        broken = SequenceModel(ProviderError(ProviderErrorCode.AUTH, "No."))

        async with running(broken, other=SequenceModel("Me.")):
            ended = await wait_for_status(task, "completed")

        assert ended.output_text == "Me."
        assert len(broken.calls) == 1

    async def test_does_not_repeat_the_model_call_after_a_permanent_error(
        self, task: AgentTask, running: RunWith, wait_for_status: WaitForStatus
    ) -> None:
        model = SequenceModel(
            ProviderError(ProviderErrorCode.BAD_REQUEST, "No."), "Never."
        )

        async with running(model):
            ended = await wait_for_status(task, "failed")

        assert ended.error_code == "provider_bad_request"

    async def test_a_retried_task_does_not_repeat_its_finished_steps(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        error = ProviderError(ProviderErrorCode.AUTH, "No.")
        model = SequenceModel([call_of()], error, "Now.")
        tool = ScriptedTool()

        async with running(model, tool):
            await wait_for_status(task, "failed")
            await database.run(retry_task, task, by=owner)
            ended = await wait_for_status(task, "completed")

        assert (ended.attempt, ended.error_code) == (2, "")
        assert len(tool.calls) == 1


def _fall_back_to(task: AgentTask, model: str) -> None:
    task.agent_version.fallback_models = [model]
    task.agent_version.save()
