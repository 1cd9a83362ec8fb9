"""The data of events matches its schema in the API's description."""

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
from agentarium.tasks.event_types import EventType, StreamEventType
from agentarium.tasks.fence import AttemptKey
from agentarium.tasks.models import AgentTask, ToolCall
from agentarium.tasks.services import approve_call, cancel_task, retry_task
from agentarium.worker.leases import register_worker, release_lease
from agentarium.worker.queue import claims, recovery, release
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.scripted import (
    ScriptedModel,
    ScriptedTool,
    SequenceModel,
    call_of,
    late_usage_of,
)

pytestmark = pytest.mark.usefixtures("prices")

WaitForStatus = Callable[..., Awaitable[AgentTask]]


def event_schemas() -> dict[str, Any]:
    """Event type -> the schema of its data, without additional properties."""
    response = Client().get("/api/schema/", {"format": "json"})
    components = response.json()["components"]["schemas"]
    mapping = components["StreamEvent"]["discriminator"]["mapping"]
    names = {kind: ref.rpartition("/")[2] for kind, ref in mapping.items()}
    return {
        kind: components[name]["properties"]["data"] | {"additionalProperties": False}
        for kind, name in names.items()
    }


def test_every_event_type_has_a_schema() -> None:
    assert set(event_schemas()) == {*EventType.values, *StreamEventType.values}
    assert set(EVENT_DATA) == set(EventType)


def test_every_provider_error_code_is_a_task_error_code() -> None:
    assert {code.value for code in ProviderErrorCode} <= set(ErrorCode.values)


def check(events: list[StreamEvent]) -> set[str]:
    """Validate each event against its schema. Returns their types."""
    schemas = event_schemas()
    for event in events:
        data = orjson.loads(orjson.dumps(event.data))
        try:
            jsonschema_rs.validate(schemas[event.type], data)
        except jsonschema_rs.ValidationError as error:
            pytest.fail(f"{event.type} {data}: {error.message}")
    return {str(event.type) for event in events}


async def test_the_log_of_a_task_matches_the_schemas(
    submit: Callable[..., AgentTask],
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
    owner: User,
) -> None:
    def read_all_logs() -> list[StreamEvent]:
        ids = AgentTask.objects.values_list("pk", flat=True)
        return [e for pk in ids for e in read_log(pk, StreamCursor.parse("")).entries]

    failure = ProviderError(
        ProviderErrorCode.UNAVAILABLE, "No.", is_transient=True, retry_after=0
    )
    approved = await database.run(submit)
    model = SequenceModel(failure, [call_of()], "Done.")
    async with running(model, ScriptedTool(needs_approval=True)):
        await wait_for_status(approved, "waiting")
        call = await database.run(ToolCall.objects.get, task=approved)
        await database.run(approve_call, call, by=owner, arguments={"what": "tea"})
        await wait_for_status(approved, "completed")
    cancelled = await database.run(submit)
    async with running(
        ScriptedModel("Half", reasoning="Hm.", gate=asyncio.Event())
    ) as runner:
        await wait_for_status(cancelled, "running")
        await database.run(cancel_task, cancelled, by=owner)
        runner.wake()
        await late_usage_of(database, cancelled)
    await database.run(retry_task, cancelled, by=owner)
    async with running(ScriptedModel("Whole", reasoning="Hm.")):
        await wait_for_status(cancelled, "completed")
    broken = await database.run(submit)
    denied = ProviderError(ProviderErrorCode.AUTH, "No.")
    async with running(ScriptedModel(error=denied)):
        await wait_for_status(broken, "failed")
    await database.run(submit)
    await database.run(_release_and_lose)

    seen = check(await database.run(read_all_logs))

    assert seen == set(EventType.values)


def _release_and_lose() -> None:
    worker = register_worker(capacity=1)
    (task,) = claims.claim_tasks(worker, limit=1)
    release.release_unconfirmed_claims(worker, [])
    (task,) = claims.claim_tasks(worker, limit=1)
    recovery.lose_attempt(worker, AttemptKey.of(task))
    release_lease(worker)
