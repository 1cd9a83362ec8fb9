"""A task shows, stores and logs none of the secrets that it uses."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import structlog

from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.messages import ToolCallPart
from agentarium.runtime.providers.base import ProviderError, ProviderErrorCode
from agentarium.runtime.tools.base import ToolError
from agentarium.runtime.tools.masking import MASK, SecretMask
from agentarium.tasks.models import AgentTask, Draft, Event, Step, ToolCall
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.records import results_of
from agentarium.worker.tests.scripted import (
    ScriptedModel,
    ScriptedTool,
    SequenceModel,
    call_of,
    events_of,
)

WaitForStatus = Callable[..., Awaitable[AgentTask]]
SECRET = "secret-0123456789"


def stored(task: AgentTask) -> str:
    """All that is stored of a task, as text."""
    rows: list[Any] = list(AgentTask.objects.filter(pk=task.pk).values())
    for model in (Step, Event, Draft, ToolCall):
        rows += model._default_manager.filter(task=task).values()
    return repr(rows)


@pytest.fixture
def mask() -> SecretMask:
    return SecretMask([SECRET])


async def test_masks_what_a_model_streams_in_pieces(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    mask: SecretMask,
) -> None:
    model = ScriptedModel("It is sec", "ret-01234", "56789.", reasoning=f"Use {SECRET}")

    async with running(model, mask=mask):
        ended = await wait_for_status(task, "completed")

    assert ended.output_text == f"It is {MASK}."
    text = await database.run(stored, task)
    assert SECRET not in text
    assert f"Use {MASK}" in text


async def test_masks_results_errors_and_arguments(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    mask: SecretMask,
) -> None:
    calls: list[ToolCallPart] = [
        call_of("echo", 1, f'{{"what": "{SECRET}"}}'),
        call_of("fail", 2),
    ]
    model = SequenceModel(calls, "Done.")
    echo = ScriptedTool("echo")
    fail = ScriptedTool("fail", error=ToolError(f"HTTP 401: {SECRET}"))

    async with running(model, echo, fail, mask=mask):
        await wait_for_status(task, "completed")

    assert sorted(results_of(model)) == [f"Done: {MASK}", f"HTTP 401: {MASK}"]
    assert echo.calls[0].arguments == {"what": MASK}
    assert SECRET not in await database.run(stored, task)


async def test_masks_why_a_provider_failed(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    mask: SecretMask,
) -> None:
    detail = f"Incorrect API key provided: {SECRET}."
    said = f"No such key: {SECRET}\x00, {'x' * 2000}"
    error = ProviderError(ProviderErrorCode.AUTH, detail, provider_message=said)

    async with running(ScriptedModel("Half", error=error), mask=mask):
        ended = await wait_for_status(task, "failed")

    assert ended.error_detail == f"Incorrect API key provided: {MASK}."
    assert ended.error_provider_message.startswith(f"No such key: {MASK}, xx")
    assert len(ended.error_provider_message) == 1000
    (failed,) = await events_of(database, task, "task.failed")
    assert failed["error_detail"] == ended.error_detail
    assert failed["error_provider_message"] == ended.error_provider_message
    assert SECRET not in await database.run(stored, task)


async def test_logs_nothing_of_what_a_provider_said(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    error = ProviderError(
        ProviderErrorCode.BAD_REQUEST, "No.", provider_message="You said: my prompt"
    )

    async with running(ScriptedModel(error=error)):
        ended = await wait_for_status(task, "failed")

    assert ended.error_provider_message == "You said: my prompt"
    assert "my prompt" not in caplog.text


async def test_masks_the_log_of_an_execution(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    mask: SecretMask,
    caplog: pytest.LogCaptureFixture,
) -> None:
    formatter = structlog.stdlib.ProcessorFormatter(
        processor=structlog.processors.JSONRenderer()
    )
    model = ScriptedModel("Half", error=ValueError(f"Unexpected {SECRET}"))

    async with running(model, mask=mask):
        await wait_for_status(task, "failed")

    lines = [
        formatter.format(record)
        for record in caplog.records
        if "task.crashed" in str(record.msg)
    ]
    assert len(lines) == 1
    assert f"Unexpected {MASK}" in lines[0]
    assert SECRET not in lines[0]
