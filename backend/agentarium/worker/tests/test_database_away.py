"""The database goes away, and comes back: what runs goes on."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from itertools import chain, repeat
from typing import Any

import pytest
from django.db import (
    InterfaceError,
    InternalError,
    OperationalError,
    transaction,
)
from django.utils import timezone
from pytest_django import Settings

from agentarium.accounts.models import User
from agentarium.agents.services import create_agent
from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.tools.base import ToolSpec
from agentarium.tasks import fence
from agentarium.tasks.models import AgentTask, ToolCall, Worker
from agentarium.tasks.services import answer_from_children
from agentarium.tests.eventually import eventually
from agentarium.worker import database_retry, leases, session
from agentarium.worker.attempt import tool_calls
from agentarium.worker.attempt.toolbox import AgentTool, start_child
from agentarium.worker.leases import renew_lease
from agentarium.worker.queue import claims
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.scripted import (
    ScriptedModel,
    ScriptedTool,
    StumblingModel,
    TalkingModel,
    call_of,
)
from agentarium.worker.writing import event_writer

Reaches = Callable[..., Awaitable[AgentTask]]


class Failing:
    """Calls a function, save for the first few times; or calls it, and fails then."""

    def __init__(
        self, function: Callable[..., Any], *errors: Exception, is_late: bool = False
    ) -> None:
        self._function = function
        self._is_late = is_late
        self.errors = list(errors)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.errors and self._is_late:
            self._function(*args, **kwargs)
        if self.errors:
            raise self.errors.pop(0)
        return self._function(*args, **kwargs)


CONNECTION_ERRORS = (
    OperationalError("gone"),
    InterfaceError("closed"),
    InternalError("idle"),
)


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_retry, "PAUSE_SECONDS", 0.01)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (fence, "still_held"),
        (claims, "claim_tasks"),
        (session, "sweep"),
        (event_writer, "write_all"),
    ],
)
async def test_goes_on_with_what_runs(
    module: Any,
    name: str,
    task: AgentTask,
    running: RunWith,
    reaches: Reaches,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = asyncio.Event()
    model = ScriptedModel("Yes", gate=gate)

    async with running(model):
        await reaches(task, "running")
        failing = Failing(getattr(module, name), *CONNECTION_ERRORS)
        monkeypatch.setattr(module, name, failing)
        gate.set() if name == "write_all" else None
        await eventually("every failure", lambda: not failing.errors)
        gate.set()
        ended = await reaches(task, "completed")

    assert (ended.attempt, ended.lost_attempts) == (1, 0)
    assert len(model.calls) == 1


async def test_hands_back_what_it_may_have_claimed(
    task: AgentTask,
    running: RunWith,
    reaches: Reaches,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failing = Failing(claims.claim_tasks, CONNECTION_ERRORS[0], is_late=True)
    monkeypatch.setattr(claims, "claim_tasks", failing)

    async with running(ScriptedModel("Yes")):
        ended = await reaches(task, "completed")

    assert (ended.attempt, ended.lost_attempts) == (2, 0)


def _start_a_quick_child(*, task: AgentTask, row: ToolCall, agent_id: int) -> None:
    """It has answered before the connection of the call breaks."""
    with transaction.atomic():
        start_child(task=task, row=row, agent_id=agent_id)
        AgentTask.objects.filter(parent=task).update(
            status=AgentTask.Status.COMPLETED, finished_at=timezone.now()
        )
        answer_from_children()


@pytest.mark.parametrize("start", [start_child, _start_a_quick_child])
async def test_calls_another_agent_once_though_it_may_have_done_so(
    start: Callable[..., None],
    task: AgentTask,
    running: RunWith,
    reaches: Reaches,
    database: DatabaseThreads,
    owner: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = await database.run(create_agent, owner=owner, name="Other", model="other")
    failing = Failing(start, CONNECTION_ERRORS[0], is_late=True)
    monkeypatch.setattr(tool_calls, "start_child", failing)
    model = TalkingModel([call_of("other", arguments='{"input": "Hi"}')], "Well.")
    tool = AgentTool(ToolSpec("other", "Asks.", {"type": "object"}), other.pk)

    async with running(model, tool, other=TalkingModel("Hello yourself.")):
        ended = await reaches(task, "completed")

    assert ended.attempt == 2
    assert await database.run(AgentTask.objects.filter(parent=task).count) == 1


class TestWithoutALease:
    """Who may have lost the right to a task asks nothing more of the world."""

    async def test_asks_no_model_and_calls_no_tool(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        model, tool = TalkingModel([call_of()], "Done."), ScriptedTool()
        done_before: list[tuple[int, int]] = []

        async def wait(_: session.WorkerSession) -> None:
            done_before.append((len(model.calls), len(tool.calls)))

        monkeypatch.setattr(session.WorkerSession, "_until_leased", wait)
        async with running(model, tool):
            await reaches(task, "completed")

        # Before the first question, before and after the call is remembered, and
        # before the second question.
        assert done_before == [(0, 0), (1, 0), (1, 0), (1, 1)]

    async def test_does_not_ask_again_after_an_error(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        model = StumblingModel("Yes")
        asked_before: list[int] = []

        async def wait(_: session.WorkerSession) -> None:
            asked_before.append(len(model.calls))

        monkeypatch.setattr(session.WorkerSession, "_until_leased", wait)
        async with running(model):
            await reaches(task, "completed")

        assert asked_before == [0, 1]

    async def test_waits_for_it(
        self,
        task: AgentTask,
        running: RunWith,
        reaches: Reaches,
        settings: Settings,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        settings.LEASE_SECONDS = 0.4
        may_renew, refused, model = threading.Event(), [], ScriptedModel("Yes")

        def renew(worker: Worker) -> bool:
            if may_renew.is_set():
                return renew_lease(worker)
            refused.append(worker)
            raise CONNECTION_ERRORS[0]

        # By the time it has claimed, its first lease has run out.
        times = chain([0.0], repeat(60.0))
        monkeypatch.setattr(leases, "passed_seconds", lambda: next(times))
        monkeypatch.setattr(leases, "renew_lease", renew)
        async with running(model):
            await reaches(task, "running")
            await eventually("renewals that fail", lambda: len(refused) >= 5)
            calls_before = len(model.calls)
            may_renew.set()
            await reaches(task, "completed")

        assert calls_before == 0
