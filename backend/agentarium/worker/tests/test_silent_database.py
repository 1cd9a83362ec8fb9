"""A runner whose connections to PostgreSQL carry nothing any more."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from agentarium.db import reachability
from agentarium.db.clock import monotonic_seconds
from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.messages import ModelResponse
from agentarium.runtime.providers.base import Delta, TextDelta
from agentarium.streaming.pubsub import LocalPubSub
from agentarium.streaming.reader import follow
from agentarium.streaming.single_flight import SingleFlightReader
from agentarium.streaming.stream_cursor import StreamCursor
from agentarium.streaming.tests.frames import read, text_of
from agentarium.tasks.models import AgentTask, Event, Worker
from agentarium.tasks.services import cancel_task
from agentarium.tests.eventually import eventually
from agentarium.tests.silent_proxy import SilentProxy, database_behind_proxy
from agentarium.worker.queue import claims
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
        silent_at = monotonic_seconds()
        proxy.silence(new_ones_too=True)
        await eventually("the stream to close", lambda: model.open_streams == 0)
        seconds = monotonic_seconds() - silent_at
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


async def test_a_claim_without_an_answer_is_neither_lost_nor_stuck(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    proxy: SilentProxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All that is missing is the answer to the commit."""
    claimed: list[int] = []

    def claim_in_silence(worker: Worker, *, limit: int) -> claims.Claim:
        with transaction.atomic():
            found = claim(worker, limit=limit)
            if found.tasks and not claimed:
                claimed.append(len(found.tasks))
                proxy.silence(new_ones_too=True)
        return found

    claim = claims.claim
    monkeypatch.setattr(claims, "claim", claim_in_silence)
    model = ScriptedModel("Yes")

    async with running(model):
        await eventually("the claim", lambda: claimed)
        await eventually("something to be swallowed", lambda: proxy.swallowed)
        proxy.end_silence()
        ended = await wait_for_status(task, "completed")

    assert (ended.lost_attempts, len(model.calls)) == (0, 1)


class HalvedModel(ScriptedModel):
    """Streams the first half of its pieces, and the others after the gate."""

    async def stream(
        self, *args: Any, **options: Any
    ) -> AsyncGenerator[Delta | ModelResponse, None]:
        assert self.gate
        self.open_streams += 1
        try:
            for number, piece in enumerate(self.pieces):
                if number == len(self.pieces) // 2:
                    await self.gate.wait()
                yield TextDelta(piece)
                await asyncio.sleep(0)
            yield self._response()
        finally:
            self.open_streams -= 1


@pytest.mark.parametrize("silent", [{}, {"new_ones_too": True}], ids=["old", "all"])
async def test_readers_get_all_text_once(
    task: AgentTask,
    running: RunWith,
    database: DatabaseThreads,
    pubsub: LocalPubSub,
    proxy: SilentProxy,
    silences: list[float],
    silent: dict[str, bool],
) -> None:
    """One reads on through the silence, and one resumes from the middle of the text."""

    def open_stream(cursor: str = "") -> AsyncGenerator[bytes, None]:
        log_reader = SingleFlightReader(database)
        at = StreamCursor.parse(cursor)
        return follow(task.pk, at, pubsub=pubsub, log_reader=log_reader)

    pieces = [f"{number}🐢 " for number in range(100)]
    gate = asyncio.Event()
    model = HalvedModel(*pieces, gate=gate)

    async with running(model):
        begun = await read(open_stream(), at_most=10)
        reading = asyncio.create_task(read(open_stream()))
        resuming = asyncio.create_task(read(open_stream(begun[-1].id)))
        proxy.silence(**silent)
        await eventually("a limit to be reached", lambda: silences)
        gate.set()
        proxy.end_silence()
        whole, rest = await reading, await resuming

    assert whole[-1].type == rest[-1].type == "task.completed"
    assert text_of(whole) == text_of([*begun, *rest]) == "".join(pieces)


def _event_types(task: AgentTask) -> list[str]:
    return list(Event.objects.filter(task=task).values_list("type", flat=True))
