"""What events say is what the API's description says that they say."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import jsonschema_rs
import orjson
import pytest
from django.test import Client

from agentarium.accounts.models import User
from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.providers.base import ProviderError, ProviderErrorCode
from agentarium.streaming.event_log import StreamEvent, read_log
from agentarium.streaming.stream_cursor import StreamCursor
from agentarium.tasks.error_codes import ErrorCode
from agentarium.tasks.event_data import EVENT_DATA
from agentarium.tasks.event_types import EventType
from agentarium.tasks.fence import AttemptKey
from agentarium.tasks.models import AgentTask, ToolCall
from agentarium.tasks.services import approve_call, cancel_task, retry_task
from agentarium.worker.leases import register_worker, release_lease
from agentarium.worker.queue import claims
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.scripted import (
    ScriptedModel,
    ScriptedTool,
    TalkingModel,
    call_of,
    settled,
)

pytestmark = pytest.mark.usefixtures("prices")

Reaches = Callable[..., Awaitable[AgentTask]]


def described() -> dict[str, Any]:
    """Type -> the schema of its data, in which nothing else is allowed."""
    response = Client().get("/api/schema/", {"format": "json"})
    components = response.json()["components"]["schemas"]
    mapping = components["StreamEvent"]["discriminator"]["mapping"]
    names = {kind: ref.rpartition("/")[2] for kind, ref in mapping.items()}
    return {
        kind: components[name]["properties"]["data"] | {"additionalProperties": False}
        for kind, name in names.items()
    }


def test_every_type_is_described() -> None:
    assert set(described()) == set(EventType.values)
    assert set(EVENT_DATA) == set(EventType)


def test_every_failure_of_a_provider_is_an_error_of_a_task() -> None:
    assert {code.value for code in ProviderErrorCode} <= set(ErrorCode.values)


def check(entries: list[StreamEvent]) -> set[str]:
    """The types of the entries, each of which is as it is described."""
    schemas = described()
    for entry in entries:
        said = orjson.loads(orjson.dumps(entry.data))
        try:
            jsonschema_rs.validate(schemas[entry.type], said)
        except jsonschema_rs.ValidationError as error:
            pytest.fail(f"{entry.type} {said}: {error.message}")
    return {str(entry.type) for entry in entries}


async def test_a_task_says_what_is_described(
    submit: Callable[..., AgentTask],
    running: RunWith,
    reaches: Reaches,
    database: DatabaseThreads,
    owner: User,
) -> None:
    def log() -> list[StreamEvent]:
        ids = AgentTask.objects.values_list("pk", flat=True)
        return [e for pk in ids for e in read_log(pk, StreamCursor.parse("")).entries]

    failure = ProviderError(
        ProviderErrorCode.UNAVAILABLE, "No.", is_transient=True, retry_after=0
    )
    approved = await database.run(submit)
    model = TalkingModel(failure, [call_of()], "Done.")
    async with running(model, ScriptedTool(needs_approval=True)):
        await reaches(approved, "waiting")
        call = await database.run(ToolCall.objects.get, task=approved)
        await database.run(approve_call, call, by=owner, arguments={"what": "tea"})
        await reaches(approved, "completed")
    cancelled = await database.run(submit)
    async with running(
        ScriptedModel("Half", reasoning="Hm.", gate=asyncio.Event())
    ) as runner:
        await reaches(cancelled, "running")
        await database.run(cancel_task, cancelled, by=owner)
        runner.wake()
        await settled(database, cancelled)
    await database.run(retry_task, cancelled, by=owner)
    async with running(ScriptedModel("Whole", reasoning="Hm.")):
        await reaches(cancelled, "completed")
    broken = await database.run(submit)
    denied = ProviderError(ProviderErrorCode.AUTH, "No.")
    async with running(ScriptedModel(error=denied)):
        await reaches(broken, "failed")
    await database.run(submit)
    await database.run(_hand_back_and_lose)

    seen = check(await database.run(log))

    assert seen == set(EventType.values)


def _hand_back_and_lose() -> None:
    worker = register_worker(capacity=1)
    (task,) = claims.claim_tasks(worker, limit=1)
    claims.release_orphans(worker, [])
    (task,) = claims.claim_tasks(worker, limit=1)
    claims.lose_attempt(worker, AttemptKey.of(task))
    release_lease(worker)
