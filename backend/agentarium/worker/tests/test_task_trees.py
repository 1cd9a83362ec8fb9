"""Bounds on the tasks and tool calls that models can start."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any

from agentarium.agents.models import Agent
from agentarium.agents.services import create_agent
from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.messages import Message, ModelResponse, TextPart, Usage
from agentarium.runtime.providers.base import (
    Delta,
    ModelSettings,
    TextDelta,
    ToolDefinition,
)
from agentarium.runtime.tools.base import ToolSpec
from agentarium.tasks.models import AgentTask, TaskTree
from agentarium.tasks.services import cancel_task, retry_task
from agentarium.tasks.services.trees import TreeFullError, add_to_tree
from agentarium.worker.attempt.toolbox import AgentTool
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.scripted import (
    DEFAULTS,
    ScriptedModel,
    ScriptedTool,
    SequenceModel,
    call_of,
    events_of,
)

WaitForStatus = Callable[..., Awaitable[AgentTask]]
SPEC = ToolSpec("self", "Asks itself.", {"type": "object"})


class SelfCallingModel:
    """Calls its own agent in each of `rounds` responses, and then answers.

    Only the tasks with an input of `deep` or more characters do; a call passes an input
    that is one character shorter.
    """

    def __init__(self, *, rounds: int, width: int, deep: int) -> None:
        self.rounds, self.width, self.deep = rounds, width, deep

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[ToolDefinition] = (),
        settings: ModelSettings = DEFAULTS,
    ) -> AsyncGenerator[Delta | ModelResponse, None]:
        done = sum(message.role == "assistant" for message in messages)
        text = next(each.text for each in messages if each.role == "user")
        if done == self.rounds or len(text) < self.deep:
            yield TextDelta("Done.")
            parts: Any = (TextPart("Done."),)
        else:
            arguments = f'{{"input": "{text[1:]}"}}'
            parts = tuple(
                call_of("self", done * self.width + number, arguments)
                for number in range(self.width)
            )
        yield ModelResponse(Message("assistant", parts), Usage(1, 1), "self-1")


async def _results(
    database: DatabaseThreads, task: AgentTask
) -> "Counter[tuple[bool, str]]":
    """How often each result of a tool call is in the log; the beginnings suffice."""
    events = await events_of(database, task, "tool.result")
    return Counter((event["is_error"], event["content"][:26]) for event in events)


class TestTaskTree:
    async def test_hundreds_of_calls_of_itself_make_at_most_the_limit(
        self,
        task: AgentTask,
        agent: Agent,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        settings: Any,
    ) -> None:
        settings.MAX_TASKS_PER_TREE, settings.MAX_CHILDREN_PER_STEP = 10, 4
        model = SelfCallingModel(rounds=4, width=30, deep=5)

        async with running(model, AgentTool(SPEC, agent.pk)):
            ended = await wait_for_status(task, "completed")

        assert ended.output_text == "Done."
        assert await database.run(AgentTask.objects.count) == 10
        assert await _results(database, task) == {
            (False, "Done."): 9,
            (True, "This task has started as m"): 4 * 4 - 9,
            (True, "This call was not made: on"): 4 * 26,
        }

    async def test_counts_the_children_of_children_that_run_concurrently(
        self,
        task: AgentTask,
        agent: Agent,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        settings: Any,
    ) -> None:
        settings.MAX_TASKS_PER_TREE = 15
        model = SelfCallingModel(rounds=1, width=3, deep=2)

        async with running(model, AgentTool(SPEC, agent.pk)):
            await wait_for_status(task, "completed")

        tasks = AgentTask.objects.all()
        assert await database.run(tasks.count) == 15
        assert await database.run(tasks.filter(root=task).count) == 14
        assert not await database.run(tasks.exclude(status="completed").exists)

    async def test_does_not_count_other_trees(
        self,
        submit: Callable[..., AgentTask],
        agent: Agent,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        settings: Any,
    ) -> None:
        settings.MAX_TASKS_PER_TREE = 3
        first, second = await database.run(submit), await database.run(submit)
        model = SelfCallingModel(rounds=1, width=2, deep=5)

        async with running(model, AgentTool(SPEC, agent.pk)):
            await wait_for_status(first, "completed")
            await wait_for_status(second, "completed")

        for task in (first, second):
            assert await _results(database, task) == {(False, "Done."): 2}

    async def test_a_retry_of_the_root_counts_from_the_beginning(
        self,
        task: AgentTask,
        agent: Agent,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        settings: Any,
    ) -> None:
        settings.MAX_TASKS_PER_TREE = 2
        gate = asyncio.Event()
        helper = await database.run(
            create_agent, owner=agent.owner, name="Helper", model="other"
        )
        model = SequenceModel([call_of("self", arguments='{"input": "Hi"}')], "Well.")
        other = ScriptedModel("Hello.", gate=gate)

        async with running(model, AgentTool(SPEC, helper.pk), other=other):
            await wait_for_status(task, "waiting")
            await database.run(cancel_task, task, by=agent.owner)
            await database.run(retry_task, task, by=agent.owner)
            gate.set()
            await wait_for_status(task, "completed")

        assert await _results(database, task) == {(False, "Hello."): 1}

    async def test_concurrent_children_cannot_pass_the_limit(
        self, task: AgentTask, database: DatabaseThreads, settings: Any
    ) -> None:
        settings.MAX_TASKS_PER_TREE = 8
        threads = [DatabaseThreads(f"test-{number}") for number in range(6)]

        outcomes = await asyncio.gather(
            *(each.run(add_to_tree, task.pk) for each in threads * 3),
            return_exceptions=True,
        )

        for each in threads:
            await asyncio.to_thread(each.close)
        assert Counter(map(type, outcomes)) == {type(None): 7, TreeFullError: 11}
        assert (await database.run(TaskTree.objects.get)).size == 8


class TestToolCallsOfOneResponse:
    async def test_makes_a_limited_number_and_reports_the_others_to_the_model(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        settings: Any,
    ) -> None:
        settings.MAX_TOOL_CALLS_PER_STEP = 5
        model = SequenceModel([call_of(number=each) for each in range(12)], "Well.")
        tool = ScriptedTool(effect="read")

        async with running(model, tool):
            await wait_for_status(task, "completed")

        made = sorted(call.tool_call_id for call in tool.calls)
        assert made == [f"call-{number}" for number in range(5)]
        assert await _results(database, task) == {
            (False, "Done: it"): 5,
            (True, "This call was not made: on"): 7,
        }

    async def test_zero_is_no_limit(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        settings: Any,
    ) -> None:
        settings.MAX_TOOL_CALLS_PER_STEP = settings.MAX_CHILDREN_PER_STEP = 0
        model = SequenceModel([call_of(number=each) for each in range(70)], "Well.")
        tool = ScriptedTool(effect="read")

        async with running(model, tool):
            await wait_for_status(task, "completed")

        assert len(tool.calls) == 70
