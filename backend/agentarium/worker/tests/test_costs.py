"""The costs of tasks, stored with their tokens and read through the API."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from django.utils import timezone

from agentarium.accounts.models import User
from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.providers.base import ProviderError, ProviderErrorCode
from agentarium.tasks.models import AgentTask, Step
from agentarium.tasks.services import cancel_task, retry_task
from agentarium.tests.eventually import eventually
from agentarium.worker.tests.conftest import Read, RunWith
from agentarium.worker.tests.scripted import (
    ScriptedModel,
    ScriptedTool,
    SequenceModel,
    call_of,
    events_of,
    late_usage_of,
)
from agentarium.worker.writing.writes import AttemptWrite, Finish, write_all

WaitForStatus = Callable[..., Awaitable[AgentTask]]
pytestmark = pytest.mark.usefixtures("prices")


class TestKnownPrices:
    async def test_costs_are_on_the_step_the_task_and_the_events(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        read: Read,
        owner: User,
    ) -> None:
        async with running(ScriptedModel("Hel", "lo")):
            await wait_for_status(task, "completed")

        # 7 input tokens, 2 output tokens.
        cost = "0.00000225"
        detail = await read(task)
        assert (detail["cost"], detail["cost_is_complete"]) == (cost, True)
        (step,) = (await read(task, "steps/"))["results"]
        assert step["cost"] == cost
        (completed,) = await events_of(database, task, "step.completed")
        assert completed["cost"] == cost
        (end,) = await events_of(database, task, "task.completed")
        assert (end["cost"], end["cost_is_complete"]) == (cost, True)

    async def test_costs_add_up_over_the_steps_of_all_attempts(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        read: Read,
        owner: User,
    ) -> None:
        refused = ProviderError(ProviderErrorCode.AUTH, "No.")
        model = SequenceModel([call_of()], refused, "Now.")

        async with running(model, ScriptedTool()):
            await wait_for_status(task, "failed")
            await database.run(retry_task, task, by=owner)
            await wait_for_status(task, "completed")

        # Twice 1 input token and 1 output token.
        assert (await read(task))["cost"] == "0.0000015"
        steps = (await read(task, "steps/"))["results"]
        assert [(step["kind"], step["cost"]) for step in steps] == [
            ("model_response", "0.00000075"),
            ("tool_result", "0"),
            ("model_response", "0.00000075"),
        ]

    async def test_the_cost_is_that_of_the_model_that_answered(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        read: Read,
    ) -> None:
        await database.run(_fall_back_to, task, "expensive")
        broken = SequenceModel(ProviderError(ProviderErrorCode.AUTH, "No."))

        async with running(broken, expensive=SequenceModel("Me.")):
            await wait_for_status(task, "completed")

        assert (await read(task))["cost"] == "0.003"


class TestUnknownPrices:
    async def test_an_unknown_price_makes_the_cost_incomplete(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        read: Read,
        settings: Any,
    ) -> None:
        settings.PRICES = {}

        async with running(ScriptedModel("Hello")):
            await wait_for_status(task, "completed")

        detail = await read(task)
        assert (detail["cost"], detail["cost_is_complete"]) == ("0", False)
        (step,) = (await read(task, "steps/"))["results"]
        assert step["cost"] is None

    async def test_the_known_part_of_the_cost_is_kept(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        read: Read,
    ) -> None:
        await database.run(_fall_back_to, task, "strange")
        refused = ProviderError(ProviderErrorCode.AUTH, "No.")
        known = SequenceModel([call_of()], refused)

        async with running(known, ScriptedTool(), strange=SequenceModel("Me.")):
            await wait_for_status(task, "completed")

        detail = await read(task)
        assert (detail["cost"], detail["cost_is_complete"]) == ("0.00000075", False)
        (end,) = await events_of(database, task, "task.completed")
        assert (end["cost"], end["cost_is_complete"]) == ("0.00000075", False)


class TestCancelledCalls:
    async def test_a_cancelled_model_call_is_recorded_as_an_estimate(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        read: Read,
        owner: User,
    ) -> None:
        model = ScriptedModel("Once upon ", "a time", gate=asyncio.Event())

        async with running(model):
            await eventually("the model call", lambda: model.open_streams == 1)
            await database.run(cancel_task, task, by=owner)
            recorded = await late_usage_of(database, task)

        # 3 input tokens, 4 output tokens.
        assert recorded == [
            {
                "input_tokens": 3,
                "output_tokens": 4,
                "cost": "0.00000285",
                "is_estimate": True,
            }
        ]
        detail = await read(task)
        assert (detail["cost"], detail["cost_is_complete"]) == ("0.00000285", True)

    async def test_a_cancelled_call_without_a_price_makes_the_cost_incomplete(
        self,
        task: AgentTask,
        running: RunWith,
        database: DatabaseThreads,
        read: Read,
        owner: User,
        settings: Any,
    ) -> None:
        settings.PRICES = {}
        model = ScriptedModel("Once", gate=asyncio.Event())

        async with running(model):
            await eventually("the model call", lambda: model.open_streams == 1)
            await database.run(cancel_task, task, by=owner)
            recorded = await late_usage_of(database, task)

        assert recorded[0]["cost"] is None
        detail = await read(task)
        assert (detail["cost"], detail["cost_is_complete"]) == ("0", False)

    async def test_a_cancelled_tool_call_costs_nothing(
        self,
        task: AgentTask,
        running: RunWith,
        database: DatabaseThreads,
        read: Read,
        owner: User,
    ) -> None:
        tool = ScriptedTool(gate=asyncio.Event())

        async with running(SequenceModel([call_of()]), tool):
            await eventually("the tool call", lambda: tool.open_calls == 1)
            await database.run(cancel_task, task, by=owner)
            recorded = await late_usage_of(database, task)

        assert (recorded[0]["input_tokens"], recorded[0]["cost"]) == (0, "0")
        assert (await read(task))["cost"] == "0.00000075"


@pytest.mark.parametrize("finish", [None, Finish(AgentTask.Status.COMPLETED)])
def test_a_repeated_write_is_counted_once_and_sums_are_exact(
    task: AgentTask, finish: Finish | None
) -> None:
    AgentTask.objects.filter(pk=task.pk).update(
        status="running", attempt=1, cost_nanodollars=2**53
    )
    now = timezone.now()
    step = Step(
        task_id=task.pk,
        position=1,
        attempt=1,
        kind=Step.Kind.MODEL_RESPONSE,
        cost_nanodollars=1,
        started_at=now,
        finished_at=now,
        message={},
    )
    write = AttemptWrite(task.pk, 1, steps=[step], finish=finish)

    write_all([write])
    write_all([write])

    task.refresh_from_db()
    assert (task.cost_nanodollars, task.cost_is_complete) == (2**53 + 1, True)


def _fall_back_to(task: AgentTask, model: str) -> None:
    task.agent_version.fallback_models = [model]
    task.agent_version.save()
