"""Quotas while tasks run: the number of running tasks, and the bytes that they store."""

from collections.abc import Awaitable, Callable

import pytest
from pytest_django import Settings

from agentarium.accounts.models import QuotaLimits, User
from agentarium.accounts.storage import json_row_size, stored_bytes
from agentarium.db.threads import DatabaseThreads
from agentarium.tasks.models import AgentTask, Event, Step
from agentarium.tests.eventually import eventually
from agentarium.worker import session
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.scripted import ScriptedModel

WaitForStatus = Callable[..., Awaitable[AgentTask]]
Submit = Callable[..., AgentTask]


async def test_a_task_starts_as_soon_as_a_running_one_of_its_owner_has_ended(
    submit: Submit,
    running: RunWith,
    database: DatabaseThreads,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(session, "POLL_SECONDS", 3600.0)
    settings.MAX_RUNNING_PER_USER = 1
    for _ in range(4):
        await database.run(submit)
    completed = AgentTask.objects.filter(status="completed")

    async def are_completed() -> bool:
        return await database.run(completed.count) == 4

    async with running(ScriptedModel("Hello")):
        await eventually("all tasks to be completed", are_completed)


async def test_what_a_task_stores_is_counted(
    owner: User,
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
) -> None:
    before = await database.run(stored_bytes, owner.pk)

    async with running(ScriptedModel("Hello" * 200)):
        await wait_for_status(task, "completed")

    def stored_by_the_worker() -> int:
        # The claim writes the first event of the attempt.
        events = Event.objects.filter(task=task, attempt=1, seq__gt=1)
        sizes = [json_row_size(event.data) for event in events]
        return json_row_size(Step.objects.get(task=task).message) + sum(sizes)

    added = await database.run(stored_bytes, owner.pk) - before
    assert added == await database.run(stored_by_the_worker) + len("Hello" * 200)


async def test_a_running_task_ends_normally_above_the_quota(
    owner: User,
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
) -> None:
    await database.run(QuotaLimits.objects.create, user=owner, stored_bytes=10)

    async with running(ScriptedModel("Hello")):
        ended = await wait_for_status(task, "completed")

    assert ended.output_text == "Hello"
