"""What a model is sent of the tasks that its task follows."""

from collections.abc import Awaitable, Callable

import pytest

from agentarium.agents.models import Agent
from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.providers.base import ProviderError, ProviderErrorCode
from agentarium.runtime.providers.history import valid_history
from agentarium.tasks.models import AgentTask
from agentarium.tasks.services import NewTask, cancel_task, submit_once
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.scripted import ScriptedTool, SequenceModel, call_of

WaitForStatus = Callable[..., Awaitable[AgentTask]]
Follow = Callable[..., Awaitable[AgentTask]]


@pytest.fixture
def follow(agent: Agent, database: DatabaseThreads) -> Follow:
    """Submit a task that follows another one."""

    async def submit(text: str, follows: AgentTask | None = None) -> AgentTask:
        return await database.run(
            submit_once,
            NewTask(agent=agent, owner=agent.owner, input_text=text, follows=follows),
        )

    return submit


def sent(model: SequenceModel) -> list[tuple[str, str]]:
    """Role and text of what the provider gets in the last call."""
    history = valid_history(model.calls[-1], provider="scripted")
    return [(message.role, message.text) for message in history]


def failing(code: ProviderErrorCode) -> ProviderError:
    return ProviderError(code, "No.")


async def test_has_what_a_failed_task_was_asked(
    follow: Follow, running: RunWith, wait_for_status: WaitForStatus
) -> None:
    model = SequenceModel("Hi Ada.", failing(ProviderErrorCode.BAD_REQUEST), "In Bern.")

    async with running(model):
        first = await follow("My name is Ada.")
        await wait_for_status(first, "completed")
        second = await follow("I live in Bern.", first)
        await wait_for_status(second, "failed")
        third = await follow("Where do I live?", second)
        await wait_for_status(third, "completed")

    assert sent(model) == [
        ("system", "Be brief."),
        ("user", "My name is Ada."),
        ("assistant", "Hi Ada."),
        ("user", "I live in Bern.\n\nWhere do I live?"),
    ]


async def test_has_what_a_cancelled_task_was_asked(
    follow: Follow,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
) -> None:
    model = SequenceModel("In Bern.")
    first = await follow("I live in Bern.")
    await database.run(cancel_task, first, by=first.owner)

    async with running(model):
        second = await follow("Where do I live?", first)
        await wait_for_status(second, "completed")

    assert sent(model)[1:] == [("user", "I live in Bern.\n\nWhere do I live?")]


@pytest.mark.parametrize(
    ("code", "roles"),
    [
        (ProviderErrorCode.BAD_REQUEST, ["user", "assistant", "tool", "user"]),
        (ProviderErrorCode.CONTEXT_TOO_LONG, ["user"]),
    ],
)
async def test_has_what_a_failed_task_did_unless_it_was_too_long(
    follow: Follow,
    running: RunWith,
    wait_for_status: WaitForStatus,
    code: ProviderErrorCode,
    roles: list[str],
) -> None:
    model = SequenceModel([call_of()], failing(code), "Done.")

    async with running(model, ScriptedTool(effect="read")):
        first = await follow("Do it.")
        await wait_for_status(first, "failed")
        second = await follow("And now?", first)
        await wait_for_status(second, "completed")

    assert [role for role, _ in sent(model)[1:]] == roles


async def test_says_that_an_open_call_of_a_cancelled_task_has_no_result(
    follow: Follow,
    running: RunWith,
    wait_for_status: WaitForStatus,
    database: DatabaseThreads,
) -> None:
    model = SequenceModel([call_of()], "Done.")
    tool = ScriptedTool(needs_approval=True)

    async with running(model, tool):
        first = await follow("Do it.")
        await wait_for_status(first, "waiting")
        await database.run(cancel_task, first, by=first.owner)
        second = await follow("Never mind.", first)
        await wait_for_status(second, "completed")

    history = valid_history(model.calls[-1], provider="scripted")
    (result,) = history[3].parts
    assert (
        getattr(result, "content", "")
        == "The task ended before this call had a result."
    )
    assert tool.calls == []
