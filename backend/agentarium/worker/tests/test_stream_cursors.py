"""P5 with random output, random deaths of workers and random cuts of connections.

Attempts run without a runner, so that one can die at any delta and lose what it has not
committed. The pub/sub drops messages, as pub/sub between processes may.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from agentarium.agents.models import Agent
from agentarium.db.clock import Now
from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.messages import (
    Message,
    ModelResponse,
    Part,
    ReasoningPart,
    TextPart,
    Usage,
    message_from_json,
)
from agentarium.runtime.providers.base import (
    Delta,
    ModelSettings,
    ProviderError,
    ProviderErrorCode,
    ReasoningDelta,
    TextDelta,
    ToolDefinition,
)
from agentarium.runtime.tools.base import ToolInvocation
from agentarium.streaming import reader
from agentarium.streaming.pubsub import LocalPubSub
from agentarium.streaming.pubsub import Message as PubSubMessage
from agentarium.streaming.reader import follow
from agentarium.streaming.single_flight import SingleFlightReader
from agentarium.streaming.stream_cursor import StreamCursor
from agentarium.streaming.tests.frames import Frame, read, text_of
from agentarium.tasks.models import AgentTask, Step, Worker
from agentarium.tasks.services import submit_task
from agentarium.worker.attempt.context import ExecutionContext
from agentarium.worker.attempt.execution import Execution
from agentarium.worker.attempt.history import History, read_histories
from agentarium.worker.attempt.toolbox import Toolbox
from agentarium.worker.queue.claims import claim_tasks
from agentarium.worker.queue.recovery import recover_tasks
from agentarium.worker.tests.scripted import (
    DEFAULTS,
    ScriptedModels,
    ScriptedTool,
    call_of,
)
from agentarium.worker.writing import event_writer
from agentarium.worker.writing.event_writer import EventWriter

Outcome = Literal["answer", "fail", "call", "die", "die while calling"]


@dataclass(frozen=True)
class ScriptedCall:
    """What the model streams in one call, and what happens then.

    A delta that ends in "!" is followed by a pause in which the text is stored.
    """

    deltas: tuple[Delta, ...]
    then: Outcome


texts = st.text(
    st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=5
)
paused = st.one_of(texts, texts.map(lambda text: f"{text}!"))
deltas = st.lists(
    st.one_of(paused.map(TextDelta), paused.map(ReasoningDelta)), max_size=6
).map(tuple)
outcomes: st.SearchStrategy[Outcome] = st.sampled_from(
    ["fail", "call", "die", "die while calling"]
)
scripts = st.builds(
    lambda calls, last: [*calls, last],
    st.lists(st.builds(ScriptedCall, deltas, outcomes), max_size=5),
    st.builds(ScriptedCall, deltas, st.just("answer")),
)


class LossyPubSub(LocalPubSub):
    """Drops some of its messages."""

    def __init__(self, chance: random.Random, loss: float) -> None:
        super().__init__()
        self._chance = chance
        self._loss = loss

    def deliver(self, channel: str, message: PubSubMessage) -> None:
        if self._chance.random() >= self._loss:
            super().deliver(channel, message)


class DyingModel:
    """Follows its script. At a death it sets `died` and never returns."""

    def __init__(self, script: Sequence[ScriptedCall]) -> None:
        self._script = list(script)
        self.died = asyncio.Event()
        self.dies_at_call = False

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[ToolDefinition] = (),
        settings: ModelSettings = DEFAULTS,
    ) -> AsyncGenerator[Delta | ModelResponse, None]:
        call = self._script.pop(0)
        for delta in call.deltas:
            yield delta
            await asyncio.sleep(0.005 if delta.text.endswith("!") else 0)
        if call.then == "fail":
            raise ProviderError(
                ProviderErrorCode.UNAVAILABLE, "No.", is_transient=True, retry_after=0
            )
        if call.then == "die":
            await self.die()
        self.dies_at_call = call.then == "die while calling"
        tool_calls = () if call.then == "answer" else (call_of(), call_of(number=2))
        message = Message("assistant", (*_parts(call), *tool_calls))
        yield ModelResponse(message, Usage(1, 1), "dying-1")

    async def die(self) -> None:
        self.died.set()
        await asyncio.Event().wait()


class DyingTool:
    """Answers, unless the worker dies during the call."""

    spec = ScriptedTool(effect="read").spec

    def __init__(self, model: DyingModel) -> None:
        self._model = model

    async def call(self, call: ToolInvocation) -> str:
        if self._model.dies_at_call and call.tool_call_id == "call-1":
            self._model.dies_at_call = False
            await self._model.die()
        return "Done."


def _parts(call: ScriptedCall) -> list[Part]:
    reasoning = [one.text for one in call.deltas if isinstance(one, ReasoningDelta)]
    text = [one.text for one in call.deltas if isinstance(one, TextDelta)]
    return [ReasoningPart("".join(reasoning)), TextPart("".join(text))]


class AttemptLoop:
    """Runs a task in as many attempts as its workers die."""

    def __init__(
        self, model: DyingModel, pubsub: LocalPubSub, database: DatabaseThreads
    ) -> None:
        self._model = model
        self._pubsub = pubsub
        self._database = database
        self._toolbox = Toolbox({"do": DyingTool(model)})

    async def run(self) -> None:
        while not await self._run_once():
            pass

    async def _run_once(self) -> bool:
        """Run one attempt. Returns whether it ended the task."""
        self._model.died.clear()
        worker, task, history = await self._database.run(_claim)
        writer = EventWriter(pubsub=self._pubsub, may_publish=lambda: True)
        writing = asyncio.create_task(writer.run())
        execution = Execution(task, history, self._context(writer))
        running = asyncio.create_task(execution.run())
        dying = asyncio.create_task(self._model.died.wait())
        await asyncio.wait({running, dying}, return_when=asyncio.FIRST_COMPLETED)
        has_ended = running.done()
        for work in (writing, running, dying):
            work.cancel()
        await asyncio.wait({writing, running, dying})
        await asyncio.to_thread(writer.close)
        await self._database.run(_declare_lost, worker)
        return has_ended

    def _context(self, event_writer: EventWriter) -> ExecutionContext:
        return ExecutionContext(
            event_writer=event_writer,
            pubsub=self._pubsub,
            database=self._database,
            may_publish=lambda: True,
            wait_for_lease=self._have_lease,
            open_client=ScriptedModels(scripted=self._model).get,
            open_toolbox=self._open_toolbox,
        )

    async def _have_lease(self) -> None:
        """This worker always has its lease."""

    async def _open_toolbox(self, _: AgentTask) -> Toolbox:
        return self._toolbox


def _claim() -> tuple[Worker, AgentTask, History]:
    worker = Worker.objects.create(
        name="worker", capacity=1, lease_until=Now() + timedelta(minutes=1)
    )
    (task,) = claim_tasks(worker, limit=1)
    return worker, task, read_histories([task])[task.pk]


def _declare_lost(worker: Worker) -> None:
    Worker.objects.filter(pk=worker.pk).update(lost_at=Now())
    recover_tasks(leases_are_trustworthy=lambda: True)


async def read_with_cuts(
    task: AgentTask,
    pubsub: LocalPubSub,
    database: DatabaseThreads,
    chance: random.Random,
) -> list[Frame]:
    """Read to the end over connections that break after a few events."""
    frames: list[Frame] = []
    # A model whose last answer is empty fails its task.
    while not frames or frames[-1].type not in ("task.completed", "task.failed"):
        cursor = StreamCursor.parse(frames[-1].id if frames else "")
        connection = follow(
            task.pk, cursor, pubsub=pubsub, log_reader=SingleFlightReader(database)
        )
        frames += await read(connection, at_most=chance.randint(1, 9))
    return frames


def _stored(task: AgentTask, channel: str) -> str:
    steps = Step.objects.filter(task=task, kind="model_response")
    messages = [message_from_json(step.message) for step in steps]
    return "".join(
        message.text if channel == "text" else message.reasoning for message in messages
    )


def _numbers(frames: list[Frame]) -> list[tuple[int, int]]:
    cursors = [StreamCursor.parse(f.id) for f in frames if not f.type.endswith("delta")]
    return [(cursor.attempt, cursor.seq) for cursor in cursors]


@pytest.fixture
def _short_pauses(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """Shorten pauses to milliseconds, and lift the limits of attempts."""
    monkeypatch.setattr(event_writer, "DRAFT_SECONDS", 0.002)
    monkeypatch.setattr(reader, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(reader, "BEHIND_SECONDS", 0.005)
    settings.MAX_ATTEMPTS = settings.MODEL_TRIES = 100


@pytest.mark.usefixtures("_short_pauses")
@hypothesis_settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(script=scripts, loss=st.sampled_from([0.0, 0.1, 0.6, 1.0]), seed=st.integers())
async def test_every_reader_gets_what_is_stored(
    agent: Agent,
    database: DatabaseThreads,
    script: list[ScriptedCall],
    loss: float,
    seed: int,
) -> None:
    chance = random.Random(seed)  # noqa: S311
    pubsub = LossyPubSub(chance, loss)
    task = await database.run(
        submit_task, agent=agent, input_text="Hello", owner=agent.owner
    )
    readers = [
        asyncio.create_task(read_with_cuts(task, pubsub, database, chance))
        for _ in range(3)
    ]

    await AttemptLoop(DyingModel(script), pubsub, database).run()

    late = await read_with_cuts(task, pubsub, database, chance)
    text = await database.run(_stored, task, "text")
    reasoning = await database.run(_stored, task, "reasoning")
    for frames in [*await asyncio.gather(*readers), late]:
        assert text_of(frames) == text
        assert text_of(frames, "reasoning") == reasoning
        assert _numbers(frames) == _numbers(late)
