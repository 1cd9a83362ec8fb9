"""Reading a task whose old events were deleted, from any stream cursor."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from agentarium.db import clock
from agentarium.db.threads import DatabaseThreads
from agentarium.operations import retention
from agentarium.runtime.providers.base import ProviderError, ProviderErrorCode
from agentarium.streaming.pubsub import LocalPubSub
from agentarium.streaming.reader import follow
from agentarium.streaming.single_flight import SingleFlightReader
from agentarium.streaming.stream_cursor import StreamCursor
from agentarium.streaming.tests.frames import read, text_of
from agentarium.tasks.models import AgentTask, Draft, Event, PeriodicJob
from agentarium.tasks.services import retry_task
from agentarium.tests.eventually import eventually
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.scripted import (
    ScriptedModel,
    ScriptedTool,
    SequenceModel,
    call_of,
)

WaitForStatus = Callable[..., Awaitable[AgentTask]]
Received = list[tuple[str, str, dict[str, Any]]]
ReadFrom = Callable[[str], Awaitable[Received]]
KEPT_TYPES = {"text.delta", "reasoning.delta", "step.completed", "task.completed"}
# May differ when the events are rebuilt from steps.
REBUILT = {"text_length", "reasoning_length", "created_at"}


@pytest.fixture
def read_from(
    task: AgentTask, pubsub: LocalPubSub, database: DatabaseThreads
) -> ReadFrom:
    """Read the frames after a cursor that outlive the log, without rebuilt data."""

    async def read_all(cursor: str) -> Received:
        stream = follow(
            task.pk,
            StreamCursor.parse(cursor),
            pubsub=pubsub,
            log_reader=SingleFlightReader(database),
        )
        return [
            (
                frame.type,
                frame.id,
                {key: frame.data[key] for key in frame.data.keys() - REBUILT},
            )
            for frame in await read(stream)
            if frame.type in KEPT_TYPES
        ]

    return read_all


def age(task: AgentTask, days: int) -> None:
    ended = AgentTask.objects.get(pk=task.pk)
    assert ended.finished_at
    AgentTask.objects.filter(pk=task.pk).update(
        finished_at=ended.finished_at - timedelta(days=days)
    )


def delete_logs(task: AgentTask) -> None:
    age(task, 100)
    assert retention.delete_old_logs(None, clock.now())


async def test_readers_get_the_text_and_the_end_once_from_every_cursor(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    read_from: ReadFrom,
) -> None:
    transient = ProviderError(
        ProviderErrorCode.UNAVAILABLE, "Down.", is_transient=True, retry_after=0.0
    )
    model = SequenceModel([call_of("look")], transient, "Then a tale")
    async with running(model, ScriptedTool("look", effect="read")):
        await wait_for_status(task, "completed")
    whole = await read_from("")
    events = await database.run(
        lambda: list(Event.objects.filter(task=task).values_list("attempt", "seq"))
    )
    cursors = [
        "",
        *(f"{attempt}.{seq}" for attempt, seq in events),
        *(f"{attempt}.{seq}.4.0" for attempt, seq in events),
        *(cursor for _, cursor, _ in whole),
    ]
    before = {cursor: await read_from(cursor) for cursor in cursors}

    await database.run(delete_logs, task)

    assert await database.run(Event.objects.filter(task=task).count) == 1
    assert {cursor: await read_from(cursor) for cursor in cursors} == before
    assert [kind for kind, _, _ in whole].count("task.completed") == 1
    assert "".join(data.get("text", "") for _, _, data in whole) == "Then a tale"


async def test_readers_can_follow_a_task_that_is_retried_afterwards(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    pubsub: LocalPubSub,
) -> None:
    failing = SequenceModel(
        [call_of("look")], ProviderError(ProviderErrorCode.AUTH, "No.")
    )
    async with running(failing, ScriptedTool("look", effect="read")):
        await wait_for_status(task, "failed")
    await database.run(delete_logs, task)
    assert not await database.run(Draft.objects.filter(task=task).exists)

    await database.run(lambda: retry_task(task, by=task.owner))
    async with running(ScriptedModel("At last")):
        await wait_for_status(task, "completed")
    frames = await read(
        follow(
            task.pk,
            StreamCursor(),
            pubsub=pubsub,
            log_reader=SingleFlightReader(database),
        )
    )

    assert [frame.type for frame in frames] == [
        "step.completed",
        "task.failed",
        "task.retried",
        "attempt.started",
        "text.delta",
        "step.completed",
        "task.completed",
    ]
    assert text_of(frames) == "At last"


async def test_the_runner_deletes_old_logs(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    settings: Settings,
) -> None:
    settings.KEEP_EVENTS_DAYS = 30
    async with running(ScriptedModel("Yes")):
        await wait_for_status(task, "completed")
    await database.run(age, task, 31)
    await database.run(PeriodicJob.objects.all().delete)

    async def is_deleted() -> bool:
        return await database.run(Event.objects.filter(task=task).count) <= 1

    async with running(ScriptedModel("Yes")):
        await eventually("the old log to be deleted", is_deleted)
