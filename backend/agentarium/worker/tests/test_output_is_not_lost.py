"""P5: output once shown is not lost. Readers with a real runner."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

import pytest
from pytest_django import Settings

from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.providers.base import ProviderError, ProviderErrorCode
from agentarium.streaming.pubsub import LocalPubSub
from agentarium.streaming.reader import follow
from agentarium.streaming.single_flight import SingleFlightReader
from agentarium.streaming.stream_cursor import StreamCursor
from agentarium.streaming.tests.frames import Frame, frames_of, read, text_of
from agentarium.tasks.models import AgentTask
from agentarium.tests.eventually import eventually
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.scripted import FlakyModel, ScriptedModel

PIECES = [f"{number}🐢 " for number in range(200)]
TEXT = "".join(PIECES)

WaitForStatus = Callable[..., Awaitable[AgentTask]]
Open = Callable[[AgentTask, str], AsyncGenerator[bytes, None]]


@pytest.fixture
def open_stream(pubsub: LocalPubSub, database: DatabaseThreads) -> Open:
    def open_at(task: AgentTask, cursor: str = "") -> AsyncGenerator[bytes, None]:
        return follow(
            task.pk,
            StreamCursor.parse(cursor),
            pubsub=pubsub,
            log_reader=SingleFlightReader(database),
        )

    return open_at


async def read_with_cuts(
    open_stream: Open, task: AgentTask, chance: random.Random
) -> list[Frame]:
    """Read to the end over connections that break after a few events."""
    frames: list[Frame] = []
    while not frames or frames[-1].type != "task.completed":
        cursor = frames[-1].id if frames else ""
        frames += await read(open_stream(task, cursor), at_most=chance.randint(1, 20))
    return frames


async def test_a_live_reader_gets_all_output_once(
    task: AgentTask, running: RunWith, open_stream: Open
) -> None:
    reading = asyncio.create_task(read(open_stream(task, "")))

    async with running(ScriptedModel(*PIECES, reasoning="Let me think.")):
        frames = await reading

    assert text_of(frames) == TEXT
    assert text_of(frames, "reasoning") == "Let me think."
    assert [f.type for f in frames if not f.type.endswith("delta")] == [
        "task.created",
        "attempt.started",
        "step.completed",
        "task.completed",
    ]


async def test_a_late_reader_gets_the_same_output(
    task: AgentTask, running: RunWith, wait_for_status: WaitForStatus, open_stream: Open
) -> None:
    async with running(ScriptedModel(*PIECES, reasoning="Hm.")):
        await wait_for_status(task, "completed")

    frames = await read(open_stream(task, ""))

    assert text_of(frames) == TEXT
    assert text_of(frames, "reasoning") == "Hm."
    assert frames[-1].type == "task.completed"


@pytest.mark.parametrize("seed", range(8))
async def test_nothing_is_lost_or_repeated_when_connections_break(
    task: AgentTask, running: RunWith, open_stream: Open, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311
    readers = [
        asyncio.create_task(read_with_cuts(open_stream, task, chance)) for _ in range(5)
    ]

    async with running(ScriptedModel(*PIECES)):
        for reader in readers:
            assert text_of(await reader) == TEXT


async def test_a_reader_can_continue_in_the_middle_of_a_stored_text(
    task: AgentTask, running: RunWith, wait_for_status: WaitForStatus, open_stream: Open
) -> None:
    async with running(ScriptedModel(*PIECES)):
        await wait_for_status(task, "completed")

    frames = await read(open_stream(task, "1.1.100.0"))

    assert text_of(frames) == TEXT[100:]


async def test_an_interrupted_step_shows_its_text_and_the_error(
    task: AgentTask, running: RunWith, wait_for_status: WaitForStatus, open_stream: Open
) -> None:
    error = ProviderError(ProviderErrorCode.UNAVAILABLE, "The connection was lost.")
    async with running(ScriptedModel("Half a ", "word", error=error)):
        await wait_for_status(task, "failed")

    whole = await read(open_stream(task, ""))
    rest = await read(open_stream(task, "1.1.5.0"))

    assert text_of(whole) == "Half a word"
    assert text_of(rest) == "a word"
    assert whole[-1].data["error_code"] == "provider_unavailable"


async def test_the_text_after_a_retried_model_call_is_streamed_immediately(
    task: AgentTask, running: RunWith, open_stream: Open
) -> None:
    gate = asyncio.Event()
    model = FlakyModel("Whole", gate=gate)

    async with running(model), asyncio.timeout(15):
        frames: list[Frame] = []
        async with aclosing(open_stream(task, "")) as chunks:
            while text_of(frames) != "Whole":
                frames += frames_of(await anext(chunks))
        gate.set()

    assert [frame.type for frame in frames[-2:]] == ["step.retried", "text.delta"]


async def test_a_reader_drops_the_text_of_a_released_attempt(
    task: AgentTask, running: RunWith, open_stream: Open, settings: Settings
) -> None:
    reading = asyncio.create_task(read(open_stream(task, "")))
    settings.STOP_GRACE_SECONDS = 0.01
    half = ScriptedModel("Half", gate=asyncio.Event())

    async with running(half):
        await eventually("the model call", lambda: half.open_streams)
        # Leaving the block stops the runner, which releases the task.
    async with running(ScriptedModel("Whole")):
        frames = await reading

    attempts = [f.data["attempt"] for f in frames if f.type == "attempt.started"]
    assert attempts == [1, 2]
    assert text_of(frames) == "Whole"


async def test_a_stream_after_the_last_event_ends_immediately(
    task: AgentTask, running: RunWith, wait_for_status: WaitForStatus, open_stream: Open
) -> None:
    async with running(ScriptedModel("Yes")):
        await wait_for_status(task, "completed")
    whole = await read(open_stream(task, ""))

    assert await read(open_stream(task, whole[-1].id)) == []
