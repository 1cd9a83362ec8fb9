"""A runner whose connections to PostgreSQL carry nothing any more."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest
from django.db import connection
from pytest_django import Settings

from agentarium.db import reachability
from agentarium.db.threads import DatabaseThreads
from agentarium.tasks.models import AgentTask, Event
from agentarium.tasks.services import cancel_task
from agentarium.tests.eventually import eventually
from agentarium.tests.silent_proxy import SilentProxy, database_behind_proxy
from agentarium.worker import leases
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.scripted import ScriptedModel

WaitForStatus = Callable[..., Awaitable[AgentTask]]

LEASE_SECONDS = 4


@pytest.fixture
def proxy(transactional_db: None) -> Iterator[SilentProxy]:
    with database_behind_proxy() as proxy:
        yield proxy


@pytest.fixture
def database(proxy: SilentProxy) -> Iterator[DatabaseThreads]:
    """The test's own thread meets silent connections as well."""
    threads = DatabaseThreads("test", answer_seconds=1)
    yield threads
    threads.close()


@pytest.fixture(autouse=True)
def _short_limits(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.LEASE_SECONDS = LEASE_SECONDS
    options = connection.settings_dict["OPTIONS"]
    monkeypatch.setitem(options, "connect_timeout", 2)
    monkeypatch.setitem(options["pool"], "timeout", 2)


@pytest.fixture
def silences(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    report = [lambda: found.append(time.monotonic())]
    monkeypatch.setattr(reachability, "_on_silence", report)
    return found


async def test_running_attempts_survive_silent_connections(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    proxy: SilentProxy,
    silences: list[float],
) -> None:
    gate = asyncio.Event()
    model = ScriptedModel("Yes", gate=gate)

    async with running(model):
        await wait_for_status(task, "running")
        proxy.silence()
        await eventually("a limit to be reached", lambda: silences)
        gate.set()
        ended = await wait_for_status(task, "completed")

    assert (ended.attempt, ended.lost_attempts, len(model.calls)) == (1, 0, 1)


async def test_goes_on_claiming_after_silent_connections(
    submit: Callable[..., AgentTask],
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    proxy: SilentProxy,
    silences: list[float],
) -> None:
    async with running(ScriptedModel("Yes")):
        first = await database.run(submit)
        await wait_for_status(first, "completed")
        proxy.silence()
        await eventually("a limit to be reached", lambda: silences)
        second = await database.run(submit)
        await wait_for_status(second, "completed")


async def test_a_stop_reaches_the_provider_after_silent_connections(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    proxy: SilentProxy,
    silences: list[float],
) -> None:
    model = ScriptedModel("Yes", gate=asyncio.Event())

    async with running(model):
        await wait_for_status(task, "running")
        proxy.silence()
        await eventually("a limit to be reached", lambda: silences)
        await database.run(cancel_task, task, by=task.owner)
        await eventually("the stream to close", lambda: model.open_streams == 0)


async def test_closes_its_provider_streams_when_its_lease_has_expired(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    proxy: SilentProxy,
) -> None:
    gate = asyncio.Event()
    model = ScriptedModel("Yes", gate=gate)

    async with running(model):
        await eventually("the first call", lambda: model.open_streams == 1)
        silent_at = leases.monotonic_seconds()
        proxy.silence(new_ones_too=True)
        await eventually("the stream to close", lambda: model.open_streams == 0)
        seconds = leases.monotonic_seconds() - silent_at
        calls_without_lease = len(model.calls)
        gate.set()
        proxy.end_silence()
        ended = await wait_for_status(task, "completed")

    assert seconds < 2 * LEASE_SECONDS
    assert calls_without_lease == 1
    assert (ended.attempt, ended.lost_attempts) == (2, 0)
    types = await database.run(_event_types, task)
    assert types.count("attempt.released") == 1


async def test_shuts_down_though_the_database_is_silent(
    task: AgentTask,
    running: RunWith,
    proxy: SilentProxy,
    settings: Settings,
) -> None:
    settings.STOP_GRACE_SECONDS = 0
    model = ScriptedModel("Yes", gate=asyncio.Event())

    async with asyncio.timeout(25):
        async with running(model):
            await eventually("the first call", lambda: model.open_streams == 1)
            proxy.silence(new_ones_too=True)

    assert model.open_streams == 0


def _event_types(task: AgentTask) -> list[str]:
    return list(Event.objects.filter(task=task).values_list("type", flat=True))
