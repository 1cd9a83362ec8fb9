"""Every way in which a model call ends is settled: counted, or known not to be.

An input token of the model costs 150 nanodollars, an output token 600. A request sends
14 characters, which are three tokens.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import pytest
from django.db import DataError
from pytest_django import Settings

from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.messages import Message, ModelResponse, TextPart
from agentarium.runtime.providers.base import (
    Delta,
    ModelClient,
    ModelSettings,
    ProviderError,
    ProviderErrorCode,
    TextDelta,
    ToolDefinition,
)
from agentarium.tasks.models import AgentTask, Draft
from agentarium.tests.eventually import eventually
from agentarium.worker.tests.conftest import Read, RunWith
from agentarium.worker.tests.scripted import (
    DEFAULTS,
    FlakyModel,
    ScriptedModel,
    ScriptedTool,
    SequenceModel,
    call_of,
    events_of,
)
from agentarium.worker.writing import event_writer
from agentarium.worker.writing.writes import AttemptWrite, write_all

WaitForStatus = Callable[..., Awaitable[AgentTask]]
pytestmark = pytest.mark.usefixtures("prices")
TRIES = 2


class UncountedModel:
    """Its provider reports no tokens."""

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[ToolDefinition] = (),
        settings: ModelSettings = DEFAULTS,
    ) -> AsyncGenerator[Delta | ModelResponse, None]:
        yield TextDelta("Hello world.")
        yield ModelResponse(Message("assistant", (TextPart("Hello world."),)))


class Total(NamedTuple):
    """Tokens, and what is known of them."""

    input_tokens: int
    output_tokens: int
    cost_is_complete: bool = True
    usage_is_estimated: bool = False


def error(*, is_transient: bool = False, may_be_charged: bool = False) -> ProviderError:
    return ProviderError(
        ProviderErrorCode.UNAVAILABLE,
        "No.",
        is_transient=is_transient,
        retry_after=0,
        may_be_charged=may_be_charged,
    )


ENDS: dict[str, tuple[Callable[[], ModelClient], str, Total]] = {
    "counted": (lambda: ScriptedModel("Hel", "lo"), "completed", Total(7, 2)),
    "not counted": (
        UncountedModel,
        "completed",
        Total(3, 3, cost_is_complete=False, usage_is_estimated=True),
    ),
    "refused": (lambda: ScriptedModel(error=error()), "failed", Total(0, 0)),
    "never reached": (
        lambda: ScriptedModel(error=error(is_transient=True)),
        "failed",
        Total(0, 0),
    ),
    "lost before the first piece": (
        lambda: ScriptedModel(error=error(is_transient=True, may_be_charged=True)),
        "failed",
        Total(TRIES * 3, 0, cost_is_complete=False, usage_is_estimated=True),
    ),
    "cut each time": (
        lambda: ScriptedModel("Half", error=error(is_transient=True)),
        "failed",
        Total(TRIES * 3, TRIES * 1, usage_is_estimated=True),
    ),
    "cut while it thinks": (
        lambda: ScriptedModel(reasoning="Hm, let me see.", error=error()),
        "failed",
        Total(3, 4, usage_is_estimated=True),
    ),
    "cut once": (
        lambda: FlakyModel("Whole"),
        "completed",
        Total(3 + 7, 1 + 1, usage_is_estimated=True),
    ),
    "a crash of the client": (
        lambda: ScriptedModel("Half", error=RuntimeError("A bug.")),
        "failed",
        Total(3, 1, usage_is_estimated=True),
    ),
    # As `ModelCaller` ends it, which does not know whether the model has begun.
    "the time of a step": (
        lambda: ScriptedModel("Half", error=error(may_be_charged=True)),
        "failed",
        Total(3, 1, usage_is_estimated=True),
    ),
    "the time of a step, in silence": (
        lambda: ScriptedModel(error=error(may_be_charged=True)),
        "failed",
        Total(3, 0, cost_is_complete=False, usage_is_estimated=True),
    ),
}


@pytest.fixture(autouse=True)
def tries(settings: Settings) -> None:
    settings.MODEL_TRIES = TRIES


@pytest.mark.parametrize("end", ENDS)
async def test_is_settled_in_the_task_and_in_its_log(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    read: Read,
    end: str,
) -> None:
    make_model, status, total = ENDS[end]
    async with running(make_model()):
        await wait_for_status(task, status)

    detail = await read(task)
    assert _total(detail) == total
    assert _nanodollars(detail["cost"]) == 150 * total[0] + 600 * total[1]
    (ended,) = await events_of(database, task, f"task.{status}")
    assert {name: detail[name] for name in _FIELDS} == {
        name: ended[name] for name in _FIELDS
    }
    steps = (await read(task, "steps/"))["results"]
    broken = await events_of(database, task, "usage.recorded")
    for name in ("input_tokens", "output_tokens"):
        assert sum(each[name] for each in [*steps, *broken]) == detail[name]


async def test_the_time_of_the_task_is_up(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    read: Read,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await database.run(_set_timeout, task, 4321)
    timeouts: list[asyncio.Timeout] = []
    set_timeout = asyncio.timeout

    def remember(seconds: float | None) -> asyncio.Timeout:
        timeout = set_timeout(seconds)
        if seconds == 4321:
            timeouts.append(timeout)
        return timeout

    monkeypatch.setattr(asyncio, "timeout", remember)
    model = ScriptedModel("Half", gate=asyncio.Event())
    drafts = partial(database.run, Draft.objects.filter(task=task).exists)

    async with running(model):
        await eventually("a draft", drafts)
        timeouts[0].reschedule(asyncio.get_running_loop().time())
        await wait_for_status(task, "failed")

    detail = await read(task)
    assert detail["error_code"] == "timeout"
    assert _total(detail) == Total(3, 1, usage_is_estimated=True)


async def test_a_fallback_model_pays_its_own_price(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    read: Read,
) -> None:
    await database.run(_fall_back_to, task, "expensive")
    cut = ScriptedModel("Half", error=error())

    async with running(cut, expensive=ScriptedModel("Whole")):
        await wait_for_status(task, "completed")

    detail = await read(task)
    assert _total(detail) == Total(3 + 7, 1 + 1, usage_is_estimated=True)
    cheap, expensive = 150 * 3 + 600 * 1, 1_000_000 * 7 + 2_000_000 * 1
    assert _nanodollars(detail["cost"]) == cheap + expensive


@pytest.mark.parametrize(
    ("model", "total"),
    [
        (ScriptedModel("Hel", "lo"), Total(7, 2)),
        (SequenceModel([call_of()]), Total(1, 1)),
    ],
    ids=["answer", "tool call"],
)
async def test_a_response_that_cannot_be_stored_counts_as_it_was_reported(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    read: Read,
    monkeypatch: pytest.MonkeyPatch,
    model: ModelClient,
    total: Total,
) -> None:
    def refuse_steps(writes: Sequence[AttemptWrite]) -> Any:
        if any(write.steps for write in writes):
            raise DataError
        return write_all(writes)

    monkeypatch.setattr(event_writer, "write_all", refuse_steps)

    async with running(model, ScriptedTool()):
        await wait_for_status(task, "failed")

    assert _total(await read(task)) == total


async def test_a_broken_call_of_unknown_price_makes_the_cost_incomplete(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    read: Read,
    settings: Settings,
) -> None:
    settings.PRICES = {}

    async with running(ScriptedModel("Half", error=error())):
        await wait_for_status(task, "failed")

    detail = await read(task)
    assert _total(detail) == Total(
        3, 1, cost_is_complete=False, usage_is_estimated=True
    )
    assert detail["cost"] == "0"


_FIELDS = (*Total._fields, "cost")


def _total(detail: dict[str, Any]) -> Total:
    return Total(*(detail[name] for name in Total._fields))


def _nanodollars(cost: str) -> int:
    return round(float(cost) * 10**9)


def _fall_back_to(task: AgentTask, model: str) -> None:
    task.agent_version.fallback_models = [model]
    task.agent_version.save()


def _set_timeout(task: AgentTask, seconds: int) -> None:
    task.agent_version.timeout = seconds
    task.agent_version.save()
