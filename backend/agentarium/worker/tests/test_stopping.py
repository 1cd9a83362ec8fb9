"""P6: stop stops. Connections and calls, counted where they end."""

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
from agentarium.worker.queue import claims
from agentarium.worker.queue.claims import record_late_usage
from agentarium.worker.queue.sweep import sweep
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.scripted import (
    ScriptedModel,
    ScriptedTool,
    TalkingModel,
    call_of,
    settled,
)

Reaches = Callable[..., Awaitable[AgentTask]]


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[set[AttemptKey]]:
    """What each look of the worker found that it still holds."""
    found: list[set[AttemptKey]] = []

    def look(keys: Iterable[AttemptKey], *, lock: bool = False) -> set[AttemptKey]:
        held = still_held(keys, lock=lock)
        # Those that lock are writes.
        if not lock:
            found.append(held)
        return held

    monkeypatch.setattr(fence, "still_held", look)
    return found


def test_a_worker_looks_more_than_once_a_second() -> None:
    assert session.WATCH_SECONDS + session.WATCH_PAUSE_SECONDS < 1


class TestCancel:
    async def test_closes_the_connection_at_the_next_look_and_tells_what_was_spent(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        owner: User,
        looks: list[set[AttemptKey]],
    ) -> None:
        model = ScriptedModel("Once upon ", "a time", gate=asyncio.Event())

        async with running(model):
            await eventually("the model call", lambda: model.open_streams == 1)
            await database.run(cancel_task, task, by=owner)
            looks.clear()
            await eventually("the connection to close", lambda: not model.open_streams)
            looks_until_then = len(looks)
            cancelled = await reaches(task, "cancelled")
            await settled(database, task)

        # One may have been under way when it was cancelled.
        assert looks_until_then <= 2
        assert cancelled.error_code == "cancelled"
        now = await database.run(AgentTask.objects.get, pk=task.pk)
        assert (now.input_tokens, now.output_tokens) == (3, 4)
        drafts = await database.run(lambda: list(Draft.objects.filter(task=task)))
        assert "".join(draft.text for draft in drafts) == "Once upon a time"

    async def test_waits_for_nothing_else_that_the_worker_does(
        self,
        submit: Callable[..., AgentTask],
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        owner: User,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        tasks = [await database.run(submit) for _ in range(2)]
        model = ScriptedModel("Once upon a time", gate=asyncio.Event())
        may_go_on = threading.Event()

        def late(work: Callable[..., Any]) -> Callable[..., Any]:
            def do(*args: Any, **kwargs: Any) -> Any:
                may_go_on.wait(2 * DEADLINE_SECONDS)
                return work(*args, **kwargs)

            return do

        async with running(model) as runner:
            await eventually("two calls", lambda: model.open_streams == 2)
            # Slow, all of it: a database that is busy with others' transactions.
            monkeypatch.setattr(claims, "claim_tasks", late(claims.claim_tasks))
            monkeypatch.setattr(claims, "record_late_usage", late(record_late_usage))
            monkeypatch.setattr(session, "sweep", late(sweep))
            await database.run(cancel_task, tasks[0], by=owner)
            runner.wake()
            await eventually("one call to end", lambda: model.open_streams == 1)
            await database.run(cancel_task, tasks[1], by=owner)
            runner.wake()
            await eventually("both to end", lambda: model.open_streams == 0)
            # Both were stopped while all the rest still waits.
            assert not may_go_on.is_set()
            may_go_on.set()
            for task in tasks:
                await settled(database, task)

    async def test_calls_no_further_tool(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        owner: User,
        looks: list[set[AttemptKey]],
    ) -> None:
        gate = asyncio.Event()
        model = TalkingModel([call_of("a", 1)], [call_of("b", 2)], "Never.")
        first, second = ScriptedTool("a", gate=gate), ScriptedTool("b")

        async with running(model, first, second):
            await eventually("the call", lambda: first.open_calls == 1)
            await database.run(cancel_task, task, by=owner)
            looks.clear()
            await eventually("the call to end", lambda: first.open_calls == 0)
            looks_until_then = len(looks)
            gate.set()
            await reaches(task, "cancelled")
            (spent,) = await settled(database, task)

        assert looks_until_then <= 2
        assert second.calls == []
        assert len(model.calls) == 1
        # No model was being asked: nothing was spent beyond what is stored.
        assert (spent["input_tokens"], spent["output_tokens"]) == (0, 0)

    async def test_ends_pending_tasks_at_once(
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


class TestTryingAgain:
    async def test_asks_again_after_an_error_that_passes(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
    ) -> None:
        busy = ProviderError(
            ProviderErrorCode.RATE_LIMITED,
            "Slow down.",
            is_transient=True,
            retry_after=0.01,
        )
        model = TalkingModel(busy, busy, "Now.")

        async with running(model):
            ended = await reaches(task, "completed")

        assert (ended.output_text, ended.attempt) == ("Now.", 1)
        retries = await database.run(
            lambda: list(Event.objects.filter(task=task, type="step.retried"))
        )
        assert [event.data["error_code"] for event in retries] == [
            "provider_rate_limited",
            "provider_rate_limited",
        ]

    async def test_asks_the_next_model_when_the_first_will_not_answer(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
    ) -> None:
        await database.run(_fall_back_to, task, "other")
        broken = TalkingModel(ProviderError(ProviderErrorCode.AUTH, "No."))

        async with running(broken, other=TalkingModel("Me.")):
            ended = await reaches(task, "completed")

        assert ended.output_text == "Me."
        assert len(broken.calls) == 1

    async def test_does_not_ask_again_when_it_makes_no_sense(
        self, task: AgentTask, running: RunWith, reaches: Reaches
    ) -> None:
        model = TalkingModel(
            ProviderError(ProviderErrorCode.BAD_REQUEST, "No."), "Never."
        )

        async with running(model):
            ended = await reaches(task, "failed")

        assert ended.error_code == "provider_bad_request"

    async def test_runs_a_failed_task_again_without_its_finished_steps(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        database: DatabaseThreads,
        owner: User,
    ) -> None:
        error = ProviderError(ProviderErrorCode.AUTH, "No.")
        model = TalkingModel([call_of()], error, "Now.")
        tool = ScriptedTool()

        async with running(model, tool):
            await reaches(task, "failed")
            await database.run(retry_task, task, by=owner)
            ended = await reaches(task, "completed")

        assert (ended.attempt, ended.error_code) == (2, "")
        assert len(tool.calls) == 1


def _fall_back_to(task: AgentTask, model: str) -> None:
    task.agent_version.fallback_models = [model]
    task.agent_version.save()
