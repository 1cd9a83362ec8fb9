"""The status feed: changes of all tasks of one user."""

import asyncio

from agentarium.accounts.models import User
from agentarium.streaming.pubsub import LocalPubSub
from agentarium.streaming.status_feed import follow_status_feed
from agentarium.streaming.tests.frames import Frame, frames_of
from agentarium.tasks.models import AgentTask
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.scripted import ScriptedModel


async def test_the_status_feed_has_each_change_until_the_end(
    task: AgentTask, running: RunWith, owner: User, pubsub: LocalPubSub
) -> None:
    changes: list[Frame] = []

    async def read() -> None:
        async for chunk in follow_status_feed(owner.pk, pubsub=pubsub):
            changes.extend(frames_of(chunk))
            if changes[-1:] and changes[-1].data.get("status") == "completed":
                return

    reading = asyncio.create_task(read())
    async with running(ScriptedModel("Yes")), asyncio.timeout(15):
        await reading

    received = [(c.type, c.data.get("task"), c.data.get("status")) for c in changes]
    assert received[0] == ("resync", None, None)
    assert received[1] == ("task.changed", task.pk, "running")
    assert received[-1] == ("task.changed", task.pk, "completed")


async def test_the_status_feed_has_no_changes_of_another_users_tasks(
    task: AgentTask, running: RunWith, owner: User, pubsub: LocalPubSub
) -> None:
    stranger = follow_status_feed(owner.pk + 1, pubsub=pubsub)
    chunks = [await anext(stranger), await anext(stranger)]
    own = follow_status_feed(owner.pk, pubsub=pubsub)

    async with running(ScriptedModel("Yes")), asyncio.timeout(15):
        async for chunk in own:
            if b"completed" in chunk:
                break
    await own.aclose()

    waiting = asyncio.create_task(anext(stranger))
    await asyncio.sleep(0)
    assert not waiting.done()
    assert b"task.changed" not in b"".join(chunks)
    waiting.cancel()
    await asyncio.wait([waiting])
    await stranger.aclose()
