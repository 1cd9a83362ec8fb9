"""Whatever texts a provider sends, both databases store them.

The columns are generated from the models: a new one has to be named here.
"""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any

import pytest
from django.db.models import CharField, JSONField, TextField

from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.messages import Message, ModelResponse
from agentarium.runtime.providers.base import (
    Delta,
    ModelSettings,
    ProviderError,
    ProviderErrorCode,
    ToolDefinition,
)
from agentarium.runtime.providers.failures import CalledModel
from agentarium.runtime.providers.openai.response import OpenAIResponseBuilder
from agentarium.tasks.models import AgentTask, Draft, Event, Step, ToolCall
from agentarium.tasks.services import approve_call
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.records import call_row_of
from agentarium.worker.tests.scripted import DEFAULTS, ScriptedModel, ScriptedTool

WaitForStatus = Callable[..., Awaitable[AgentTask]]

# What a provider fills, and what only Agentarium and people fill.
FROM_PROVIDERS = {
    "AgentTask.output_text",
    "AgentTask.error_detail",
    "AgentTask.error_provider_message",
    "Draft.text",
    "Event.data",
    "Step.message",
    "Step.model",
    "ToolCall.arguments",
    "ToolCall.tool_call_id",
}
FROM_US = {
    "AgentTask.error_code",
    "AgentTask.input_text",
    "AgentTask.request_id",
    "AgentTask.status",
    "Draft.channel",
    "Event.type",
    "Step.finish_reason",
    "Step.kind",
    "ToolCall.answer",
    "ToolCall.effect",
    "ToolCall.name",
    "ToolCall.pending_event",
    "ToolCall.status",
    "ToolCall.waits_for",
}
ODD_TEXTS = {
    "long": "x" * 5_000,
    "long_and_wide": "\U0001f600" * 5_000,
    "nul": "a\x00b\x00",
    "half_a_character": "a\ud83d",
    "the_other_half": "\ude00a",
    "right_to_left": "\u202e\u05e9\u05dc\u05d5\u05dd\u200f",
    "emoji": "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f",
    "control_characters": "".join(map(chr, range(1, 32))) + "\x7f\x85\u2028",
    "no_characters": "\ufffe\uffff\U0010ffff",
}
odd_texts = pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS.keys())


class WireModel:
    """Answers with chunks of OpenAI's API, read as its client reads them."""

    def __init__(self, *responses: dict[str, Any], model: str) -> None:
        self._responses = list(responses)
        self._model = model

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[ToolDefinition] = (),
        settings: ModelSettings = DEFAULTS,
    ) -> AsyncGenerator[Delta | ModelResponse, None]:
        builder = OpenAIResponseBuilder(CalledModel("Fake", "m"), provider="fake")
        choice = {"delta": self._responses.pop(0), "finish_reason": "stop"}
        chunk = json.dumps({"model": self._model, "choices": [choice]}).encode()
        for delta in [*builder.add([chunk]), *builder.finish()]:
            yield delta
        yield builder.build()


def calls_with(text: str) -> dict[str, Any]:
    """A response with an odd text wherever a provider has one."""
    names = ("do", text)
    arguments = json.dumps({"what": text}, ensure_ascii=False)
    calls = [
        {
            "index": index,
            "id": text,
            "function": {"name": name, "arguments": arguments},
            "extra_content": {text: text},
        }
        for index, name in enumerate(names)
    ]
    return {
        "content": text,
        "reasoning_content": text,
        "reasoning_details": [{"type": "reasoning.text", text: text}],
        "tool_calls": calls,
    }


@odd_texts
async def test_a_task_completes(
    text: str,
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
) -> None:
    model = WireModel(calls_with(text), {"content": f"{text} Done."}, model=text)
    tool = ScriptedTool(needs_approval=True)

    async with running(model, tool):
        await wait_for_status(task, "waiting")
        row = await database.run(call_row_of, task)
        await database.run(approve_call, row, by=task.owner)
        ended = await wait_for_status(task, "completed")

    assert ended.output_text.endswith(" Done.")
    assert len(tool.calls) == 1


@odd_texts
async def test_a_task_fails_with_what_the_provider_said(
    text: str, task: AgentTask, running: RunWith, wait_for_status: WaitForStatus
) -> None:
    said = f"said: {text}"
    error = ProviderError(ProviderErrorCode.AUTH, said, provider_message=said)

    async with running(ScriptedModel(f"Half {text}", reasoning=text, error=error)):
        ended = await wait_for_status(task, "failed")

    assert ended.error_code == "provider_auth"
    assert ended.error_detail.startswith("said: ")
    assert ended.error_provider_message.startswith("said: ")


def test_all_columns_of_texts_are_known() -> None:
    columns = {
        f"{model.__name__}.{field.name}"
        for model in (AgentTask, Draft, Event, Step, ToolCall)
        for field in model._meta.concrete_fields
        if isinstance(field, CharField | TextField | JSONField)
    }

    assert columns == FROM_PROVIDERS | FROM_US


async def test_the_columns_of_providers_have_their_texts(
    task: AgentTask,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    submit: Callable[..., AgentTask],
) -> None:
    mark = "marked"
    error = ProviderError(ProviderErrorCode.AUTH, mark, provider_message=mark)
    model = WireModel(calls_with(mark), {"content": mark}, model=mark)

    async with running(model, ScriptedTool(needs_approval=True)):
        await wait_for_status(task, "waiting")
        row = await database.run(call_row_of, task)
        await database.run(approve_call, row, by=task.owner)
        await wait_for_status(task, "completed")
    failing = await database.run(submit)
    async with running(ScriptedModel(mark, error=error)):
        await wait_for_status(failing, "failed")

    found = await database.run(columns_with, mark)
    assert found == FROM_PROVIDERS


def columns_with(mark: str) -> set[str]:
    """The columns with a text of the provider in some row."""
    return {
        f"{model.__name__}.{field.name}"
        for model in (AgentTask, Draft, Event, Step, ToolCall)
        for field in model._meta.concrete_fields
        if isinstance(field, CharField | TextField | JSONField)
        for value in model._default_manager.values_list(field.name, flat=True)
        if mark in json.dumps(value)
    }
