"""Tasks whose agents use MCP servers."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from django.test import Client

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.messages import ImagePart, ToolResultPart
from agentarium.runtime.providers.base import ModelClient
from agentarium.streaming.pubsub import LocalPubSub
from agentarium.tasks.models import AgentTask, ToolCall
from agentarium.tasks.services import submit_task
from agentarium.tools.tests.factories import SEARCH, McpServerFactory
from agentarium.worker.attempt.toolbox import ToolboxFactory
from agentarium.worker.runner import Runner
from agentarium.worker.tests.records import results_of
from agentarium.worker.tests.scripted import ScriptedModels, SequenceModel, call_of
from bench.fake_tools.mcp_server import FakeMcpServer
from bench.fake_tools.scripted_mcp import LOOKUP, ScriptedMcpServer

WaitForStatus = Callable[..., Awaitable[AgentTask]]
RunModel = Callable[[ModelClient], AbstractAsyncContextManager[None]]

QUERY = '{"query": "tea"}'
# The server claims that it only reads.
ADD = SEARCH | {"name": "add", "parameters": {"type": "object"}}


@pytest.fixture
def running_with_tools(pubsub: LocalPubSub) -> RunModel:
    """Run a runner that opens the tools of each agent."""

    @asynccontextmanager
    async def run(model: ModelClient) -> AsyncIterator[None]:
        factory = ToolboxFactory()
        runner = Runner(
            pubsub=pubsub,
            clients=ScriptedModels(scripted=model),
            open_toolbox=factory.open,
            capacity=10,
        )
        work = asyncio.create_task(runner.run())
        try:
            yield
        finally:
            runner.stop()
            await work
            await factory.aclose()

    return run


def submit(owner: User, tools: list[dict[str, Any]]) -> AgentTask:
    agent = Agent.objects.create(
        owner=owner, name="Agent", model="scripted", tools=tools
    )
    return submit_task(agent=agent, input_text="Hello", owner=owner)


async def test_a_task_fails_if_its_owner_may_not_use_a_program_of_the_operator(
    owner: User,
    running_with_tools: RunModel,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    settings: Any,
) -> None:
    settings.MCP_STDIO = {"files": {"command": "serve"}}
    server = await database.run(McpServerFactory.create, owner=None, name="files")
    model = SequenceModel("Never.")
    task = await database.run(submit, owner, [{"type": "mcp", "server": server.pk}])

    async with running_with_tools(model):
        ended = await wait_for_status(task, "failed")

    assert ended.error_code == "tool_not_allowed"
    assert "files, which is open to staff only" in ended.error_detail
    assert model.calls == []


async def test_a_task_proposes_what_a_server_has_changed_and_uses_what_is_accepted(
    owner: User,
    running_with_tools: RunModel,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    settings: Any,
) -> None:
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    async with FakeMcpServer() as fake:
        server = await database.run(
            McpServerFactory.create,
            owner=owner,
            url=fake.url,
            headers={},
            tools=[ADD, SEARCH],
        )
        calls = [call_of("add", 1, '{"a": 1, "b": 2}'), call_of("search", 2, QUERY)]
        model = SequenceModel(calls, "Done.")
        entry = {"type": "mcp", "server": server.pk, "effect": "read"}
        task = await database.run(submit, owner, [entry])

        async with running_with_tools(model):
            await wait_for_status(task, "completed")

    await database.run(server.refresh_from_db)
    results = results_of(model)
    assert "3" in results
    assert any("no longer offers the tool 'search'" in text for text in results)
    assert server.has_changes
    assert [tool["name"] for tool in server.tool_rows] == ["add", "search"]
    assert len(server.offered_tools) == 6


async def test_a_tool_is_a_write_whatever_its_server_claims(
    owner: User,
    running_with_tools: RunModel,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    settings: Any,
) -> None:
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    async with FakeMcpServer() as fake:
        server = await database.run(
            McpServerFactory.create, owner=owner, url=fake.url, headers={}, tools=[ADD]
        )
        model = SequenceModel([call_of("add", 1, '{"a": 1, "b": 2}')], "Done.")
        entry = {"type": "mcp", "server": server.pk, "needs_approval": False}
        task = await database.run(submit, owner, [entry])

        async with running_with_tools(model):
            await wait_for_status(task, "completed")

    call = await database.run(ToolCall.objects.get, task=task)
    assert (call.name, call.effect) == ("add", "write")


async def test_a_server_keeps_why_a_task_could_not_use_it_until_one_can(
    owner: User,
    running_with_tools: RunModel,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    settings: Any,
) -> None:
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    async with FakeMcpServer(token="secret") as fake:
        server = await database.run(
            McpServerFactory.create, owner=owner, url=fake.url, headers={}, tools=[ADD]
        )
        entry = {"type": "mcp", "server": server.pk, "effect": "read"}

        async def run_a_task() -> str:
            model = SequenceModel([call_of("add", 1, '{"a": 1, "b": 2}')], "Done.")
            task = await database.run(submit, owner, [entry])
            async with running_with_tools(model):
                await wait_for_status(task, "completed")
            await database.run(server.refresh_from_db)
            return str(server.last_error)

        refused = await run_a_task()
        fake.forget_token()
        used = await run_a_task()

    assert "denies access (HTTP 401" in refused
    assert used == ""
    assert server.last_error_at is None


async def test_a_model_gets_the_images_of_a_tool_which_are_stored_with_the_step(
    owner: User,
    running_with_tools: RunModel,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    settings: Any,
) -> None:
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    data = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(61)).decode()
    image = {"type": "image", "mimeType": "image/png", "data": data}
    async with ScriptedMcpServer() as fake:
        fake.result = {"content": [image]}
        server = await database.run(
            McpServerFactory.create,
            owner=owner,
            url=fake.url,
            headers={},
            tools=[SEARCH | {"name": "lookup", "parameters": LOOKUP["inputSchema"]}],
        )
        model = SequenceModel([call_of("lookup", 1, "{}")], "Done.")
        entry = {"type": "mcp", "server": server.pk, "effect": "read"}
        task = await database.run(submit, owner, [entry])

        async with running_with_tools(model):
            await wait_for_status(task, "completed")

    results = [
        part
        for message in model.calls[-1]
        for part in message.parts
        if isinstance(part, ToolResultPart)
    ]
    client = Client()
    await database.run(client.force_login, owner)
    steps = await database.run(client.get, f"/api/tasks/{task.pk}/steps/")
    (shown,) = steps.json()["results"][1]["message"]["parts"]
    assert [result.images for result in results] == [(ImagePart("image/png", data),)]
    assert shown["content"] == "(image 1: image/png)"
    assert shown["images"] == [{"media_type": "image/png", "size": 69}]
