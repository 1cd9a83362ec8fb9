"""A runner and requests behind PgBouncer 1.18, which forgets prepared statements."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest
from django.db import connection
from django.test import Client

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.db.pooler import Pooler, pooler
from agentarium.db.threads import DatabaseThreads
from agentarium.tasks.models import AgentTask
from agentarium.tests.pgbouncer import database_behind_pgbouncer
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.scripted import ScriptedModel

TASKS = 30


@pytest.fixture(autouse=True)
def _pgbouncer(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    # As after the first few tasks of a server.
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "prepare_threshold", 0)
    with database_behind_pgbouncer("transaction"):
        yield


@pytest.fixture
def requests(transactional_db: None) -> Iterator[DatabaseThreads]:
    threads = DatabaseThreads("requests", size=6)
    yield threads
    threads.close()


async def test_every_accepted_task_is_done_once(
    owner: User,
    agent: Agent,
    running: RunWith,
    requests: DatabaseThreads,
    wait_for_status: Callable[..., Awaitable[AgentTask]],
) -> None:
    client = Client(raise_request_exception=False)
    await requests.run(client.force_login, owner)

    def submit(number: int) -> tuple[int, int]:
        body = {"agent": agent.pk, "input_text": f"Task {number}"}
        response = client.post("/api/tasks/run/", body, content_type="application/json")
        return response.status_code, response.json().get("id")

    async with running(ScriptedModel("Yes"), capacity=TASKS):
        answers = await asyncio.gather(
            *(requests.run(submit, number) for number in range(TASKS))
        )
        ended = [
            await wait_for_status(AgentTask(pk=pk), "completed") for _, pk in answers
        ]

    assert pooler() is Pooler.FORGETFUL
    assert {status for status, _ in answers} == {201}
    assert {(task.attempt, task.lost_attempts) for task in ended} == {(1, 0)}
