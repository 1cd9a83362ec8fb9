import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client

from agentarium.accounts.models import User
from agentarium.accounts.tests.factories import UserFactory
from agentarium.agents.models import Agent
from agentarium.agents.services import create_agent
from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.masking.mask import NO_MASK, SecretMask
from agentarium.runtime.prices import read_prices
from agentarium.runtime.providers.base import ModelClient
from agentarium.streaming.pubsub import LocalPubSub
from agentarium.tasks.models import AgentTask
from agentarium.tasks.services import submit_task
from agentarium.tests.eventually import eventually
from agentarium.worker.attempt.toolbox import AnyTool, Toolbox
from agentarium.worker.runner import Runner
from agentarium.worker.tests.scripted import ScriptedModels

RunWith = Callable[..., AbstractAsyncContextManager[Runner]]
Read = Callable[..., Awaitable[Any]]


# SQLite has no server that could fall silent, and no pooler.
collect_ignore = (
    []
    if connection.vendor == "postgresql"
    else ["test_pooler.py", "test_silent_database.py"]
)


@pytest.fixture
def owner(transactional_db: None) -> User:
    return UserFactory.create(username="alice")


@pytest.fixture
def agent(owner: User) -> Agent:
    return create_agent(
        owner=owner, name="Agent", model="scripted", instructions="Be brief."
    )


@pytest.fixture
def submit(agent: Agent) -> Callable[..., AgentTask]:
    def submit_one(text: str = "Hello") -> AgentTask:
        return submit_task(agent=agent, input_text=text, owner=agent.owner)

    return submit_one


@pytest.fixture
def task(submit: Callable[..., AgentTask]) -> AgentTask:
    return submit()


@pytest.fixture
def database(transactional_db: None) -> Iterator[DatabaseThreads]:
    threads = DatabaseThreads("test")
    yield threads
    threads.close()
    connections.close_all()


@pytest.fixture
def pubsub() -> LocalPubSub:
    return LocalPubSub()


@pytest.fixture
def running(pubsub: LocalPubSub) -> RunWith:
    """Run a runner whose agents call a scripted model."""

    @asynccontextmanager
    async def run(
        model: ModelClient,
        *tools: AnyTool,
        capacity: int = 10,
        mask: SecretMask = NO_MASK,
        **others: ModelClient,
    ) -> AsyncIterator[Runner]:
        async def open_toolbox(_: AgentTask) -> Toolbox:
            return Toolbox({tool.spec.name: tool for tool in tools}, mask=mask)

        runner = Runner(
            pubsub=pubsub,
            clients=ScriptedModels(scripted=model, **others),
            open_toolbox=open_toolbox,
            capacity=capacity,
        )
        work = asyncio.create_task(runner.run())
        try:
            yield runner
        finally:
            runner.stop()
            await work

    return run


@pytest.fixture
def wait_for_status(database: DatabaseThreads) -> Callable[..., Awaitable[AgentTask]]:
    """Wait until a task has a status, and return the task as it is then."""

    async def wait(task: AgentTask, status: str) -> AgentTask:
        wanted = AgentTask.objects.filter(pk=task.pk, status=status)

        async def find() -> AgentTask | None:
            return await database.run(wanted.first)

        return await eventually(f"task {task.pk} to be {status}", find)

    return wait


@pytest.fixture
def prices(settings: Any) -> None:
    """Prices of two models. The price of any other model is unknown."""
    settings.PRICES = read_prices(
        {
            "scripted": {"input": "0.15", "output": "0.6"},
            "expensive": {"input": 1000, "output": 2000},
        }
    )


@pytest.fixture
def read(owner: User, database: DatabaseThreads) -> Read:
    """Read a task, or a path below it, through the API as its owner."""
    client = Client()
    client.force_login(owner)

    async def get(task: AgentTask, path: str = "") -> Any:
        response = await database.run(client.get, f"/api/tasks/{task.pk}/{path}")
        assert response.status_code == 200
        return response.json()

    return get
