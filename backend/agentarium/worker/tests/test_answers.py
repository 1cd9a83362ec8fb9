"""What a model's last response makes of its task: an answer, or a failure."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any

import pytest

from agentarium.accounts.models import User
from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.messages import (
    FinishReason,
    Message,
    ModelResponse,
    Part,
    ReasoningPart,
    TextPart,
    Usage,
)
from agentarium.runtime.providers.base import (
    Delta,
    ModelSettings,
    TextDelta,
    ToolDefinition,
)
from agentarium.tasks.models import AgentTask
from agentarium.tasks.services import retry_task
from agentarium.worker.tests.conftest import Read, RunWith
from agentarium.worker.tests.scripted import DEFAULTS, events_of

WaitForStatus = Callable[..., Awaitable[AgentTask]]


class EndingModel:
    """Each response has the next text and finish reason."""

    def __init__(self, *ends: tuple[str, FinishReason]) -> None:
        self.ends = list(ends)
        self.calls: list[list[Message]] = []

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[ToolDefinition] = (),
        settings: ModelSettings = DEFAULTS,
    ) -> AsyncGenerator[Delta | ModelResponse, None]:
        self.calls.append(list(messages))
        text, reason = self.ends.pop(0)
        if text:
            yield TextDelta(text)
        parts: list[Part] = [ReasoningPart("Hm.")]
        if text:
            parts.append(TextPart(text))
        yield ModelResponse(
            Message("assistant", tuple(parts)), Usage(1, 1), finish_reason=reason
        )


@pytest.mark.parametrize(
    ("text", "reason", "status", "error_code"),
    [
        ("Fine.", "stop", "completed", ""),
        ("1. Open", "length", "completed", ""),
        ("Fine.", "other", "completed", ""),
        ("", "stop", "failed", "answer_empty"),
        (" \n", "stop", "failed", "answer_empty"),
        ("", "other", "failed", "answer_empty"),
        ("", "length", "failed", "answer_empty"),
        ("", "content_filter", "failed", "answer_filtered"),
        ("Half", "content_filter", "failed", "answer_filtered"),
        ("I cannot help.", "refusal", "failed", "answer_refused"),
        ("", "refusal", "failed", "answer_refused"),
    ],
)
async def test_only_an_answer_completes_a_task(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    read: Read,
    text: str,
    reason: FinishReason,
    status: str,
    error_code: str,
) -> None:
    async with running(EndingModel((text, reason))):
        await wait_for_status(task, status)

    detail = await read(task)
    assert (detail["error_code"], detail["finish_reason"]) == (error_code, reason)
    assert detail["output_text"] == text
    (ended,) = await events_of(database, task, f"task.{status}")
    assert (ended["error_code"], ended["finish_reason"]) == (error_code, reason)


async def test_names_the_limit_that_left_no_room_for_an_answer(
    task: AgentTask, running: RunWith, wait_for_status: WaitForStatus, read: Read
) -> None:
    async with running(EndingModel(("", "length"))):
        await wait_for_status(task, "failed")

    assert "length limit" in (await read(task))["error_detail"]


async def test_a_retry_asks_again_without_the_failed_answer(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    read: Read,
    owner: User,
) -> None:
    model = EndingModel(("I will not.", "refusal"), ("Fine.", "stop"))

    async with running(model):
        await wait_for_status(task, "failed")
        await database.run(retry_task, task, by=owner)
        retried: dict[str, Any] = await read(task)
        await wait_for_status(task, "completed")

    assert retried["output_text"] in ("", "Fine.")
    assert [message.role for message in model.calls[1]] == ["system", "user"]
    detail = await read(task)
    assert (detail["output_text"], detail["finish_reason"]) == ("Fine.", "stop")
    assert detail["steps_count"] == 2


async def test_a_task_that_ends_without_an_answer_has_no_finish_reason(
    task: AgentTask, running: RunWith, wait_for_status: WaitForStatus, read: Read
) -> None:
    async with running(EndingModel()):
        await wait_for_status(task, "failed")

    assert (await read(task))["finish_reason"] is None
