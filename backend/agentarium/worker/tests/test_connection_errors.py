"""The database goes away and comes back: running attempts survive it."""

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
    FlakyModel,
    ScriptedModel,
    ScriptedTool,
    SequenceModel,
    call_of,
)
from agentarium.worker.writing import event_writer

WaitForStatus = Callable[..., Awaitable[AgentTask]]


class Failing:
    """A function whose first calls fail: before it runs, or after it if `is_late`."""

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
def _short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_retry, "PAUSE_SECONDS", 0.01)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (fence, "still_held"),
        (claims, "claim"),
        (session, "run_maintenance"),
        (event_writer, "write_all"),
    ],
)
async def test_a_running_attempt_survives(
    module: Any,
    name: str,
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = asyncio.Event()
    model = ScriptedModel("Yes", gate=gate)

    async with running(model):
        await wait_for_status(task, "running")
        failing = Failing(getattr(module, name), *CONNECTION_ERRORS)
        monkeypatch.setattr(module, name, failing)
        gate.set() if name == "write_all" else None
        await eventually("every failure", lambda: not failing.errors)
        gate.set()
        ended = await wait_for_status(task, "completed")

    assert (ended.attempt, ended.lost_attempts) == (1, 0)
    assert len(model.calls) == 1


async def test_releases_what_it_may_have_claimed(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failing = Failing(claims.claim, CONNECTION_ERRORS[0], is_late=True)
    monkeypatch.setattr(claims, "claim", failing)

    async with running(ScriptedModel("Yes")):
        ended = await wait_for_status(task, "completed")

    assert (ended.attempt, ended.lost_attempts) == (2, 0)


def _start_child_that_answers_immediately(
    *, task: AgentTask, row: ToolCall, agent_id: int
) -> None:
    """The child has answered before the connection breaks."""
    with transaction.atomic():
        start_child(task=task, row=row, agent_id=agent_id)
        AgentTask.objects.filter(parent=task).update(
            status=AgentTask.Status.COMPLETED, finished_at=timezone.now()
        )
        answer_from_children()


@pytest.mark.parametrize("start", [start_child, _start_child_that_answers_immediately])
async def test_starts_one_child_though_the_start_is_repeated(
    start: Callable[..., None],
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    owner: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = await database.run(create_agent, owner=owner, name="Other", model="other")
    failing = Failing(start, CONNECTION_ERRORS[0], is_late=True)
    monkeypatch.setattr(tool_calls, "start_child", failing)
    model = SequenceModel([call_of("other", arguments='{"input": "Hi"}')], "Well.")
    tool = AgentTool(ToolSpec("other", "Asks.", {"type": "object"}), other.pk)

    async with running(model, tool, other=SequenceModel("Hello yourself.")):
        ended = await wait_for_status(task, "completed")

    assert ended.attempt == 2
    assert await database.run(AgentTask.objects.filter(parent=task).count) == 1


class TestWithoutALease:
    """A worker that may have lost its lease starts no model call and no tool call."""

    async def test_waits_for_the_lease_before_each_call(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        model, tool = SequenceModel([call_of()], "Done."), ScriptedTool()
        calls_before: list[tuple[int, int]] = []

        async def wait(_: session.WorkerSession) -> None:
            calls_before.append((len(model.calls), len(tool.calls)))

        monkeypatch.setattr(session.WorkerSession, "_wait_for_lease", wait)
        async with running(model, tool):
            await wait_for_status(task, "completed")

        # Before the first model call, before and after the tool call is stored, and
        # before the second model call.
        assert calls_before == [(0, 0), (1, 0), (1, 0), (1, 1)]

    async def test_waits_for_the_lease_before_it_repeats_a_model_call(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        model = FlakyModel("Yes")
        calls_before: list[int] = []

        async def wait(_: session.WorkerSession) -> None:
            calls_before.append(len(model.calls))

        monkeypatch.setattr(session.WorkerSession, "_wait_for_lease", wait)
        async with running(model):
            await wait_for_status(task, "completed")

        assert calls_before == [0, 1]

    async def test_makes_no_call_until_the_lease_is_renewed(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
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

        # When it has claimed the task, its first lease has expired.
        times = chain([0.0], repeat(60.0))
        monkeypatch.setattr(leases, "monotonic_seconds", lambda: next(times))
        monkeypatch.setattr(leases, "renew_lease", renew)
        async with running(model):
            await wait_for_status(task, "running")
            await eventually("renewals that fail", lambda: len(refused) >= 5)
            calls_before = len(model.calls)
            may_renew.set()
            await wait_for_status(task, "completed")

        assert calls_before == 0
