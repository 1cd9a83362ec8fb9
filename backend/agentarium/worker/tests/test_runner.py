"""The runner from outside: what happens to tasks in the database."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import chain, repeat

import pytest
from django.db import transaction
from pytest_django import Settings

from agentarium.agents.models import AgentVersion
from agentarium.db.clock import Now
from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.messages import Message, TextPart, message_to_json
from agentarium.runtime.providers.base import ProviderError, ProviderErrorCode
from agentarium.tasks.fence import AttemptKey
from agentarium.tasks.models import AgentTask, Draft, Event, Step, Worker
from agentarium.tests.eventually import eventually
from agentarium.worker import leases, session
from agentarium.worker.leases import register_worker
from agentarium.worker.queue import claims
from agentarium.worker.queue.claims import claim_tasks
from agentarium.worker.queue.release import release_tasks
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.scripted import ScriptedModel

WaitForStatus = Callable[..., Awaitable[AgentTask]]
Submit = Callable[..., AgentTask]


def types_of(task: AgentTask) -> list[tuple[int, int, str]]:
    return list(task.events.values_list("attempt", "seq", "type"))


class TestCompleting:
    async def test_stores_the_output_the_step_the_tokens_and_the_log(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
    ) -> None:
        model = ScriptedModel("Hel", "lo", reasoning="Hm.")

        async with running(model):
            ended = await wait_for_status(task, "completed")

        assert ended.output_text == "Hello"
        assert (ended.input_tokens, ended.output_tokens, ended.steps_count) == (7, 2, 1)
        assert ended.started_at
        assert ended.finished_at
        assert ended.worker_id is None
        step = await database.run(Step.objects.get, task=task)
        assert step.message["parts"][1]["text"] == "Hello"
        assert (step.position, step.model, step.attempt) == (1, "scripted-1", 1)
        assert await database.run(types_of, task) == [
            (0, 1, "task.created"),
            (1, 1, "attempt.started"),
            (1, 2, "step.completed"),
            (1, 3, "task.completed"),
        ]
        assert not await database.run(Draft.objects.filter(task=task).exists)

    async def test_calls_the_model_with_instructions_input_and_settings(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
    ) -> None:
        await database.run(
            AgentVersion.objects.filter(pk=task.agent_version_id).update,
            temperature=0.5,
            max_output_tokens=9,
        )
        model = ScriptedModel("Yes")

        async with running(model):
            await wait_for_status(task, "completed")

        (messages,) = model.calls
        assert [(m.role, m.text) for m in messages] == [
            ("system", "Be brief."),
            ("user", "Hello"),
        ]
        assert model.settings
        assert (model.settings.temperature, model.settings.max_output_tokens) == (
            0.5,
            9,
        )

    async def test_runs_tasks_concurrently_up_to_its_capacity(
        self,
        submit: Submit,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
    ) -> None:
        tasks = [await database.run(submit) for _ in range(5)]
        gate = asyncio.Event()
        model = ScriptedModel("Yes", gate=gate)

        async with running(model, capacity=3):
            await eventually("three model calls", lambda: model.open_streams == 3)
            await wait_for_status(tasks[2], "running")
            assert (await wait_for_status(tasks[3], "pending")).attempt == 0
            gate.set()
            for task in tasks:
                await wait_for_status(task, "completed")

        assert len(model.calls) == 5

    async def test_replaces_characters_that_a_database_cannot_store(
        self, task: AgentTask, running: RunWith, wait_for_status: WaitForStatus
    ) -> None:
        async with running(ScriptedModel("a\x00b", "\ud800c")):
            ended = await wait_for_status(task, "completed")

        assert ended.output_text == "ab?c"


class TestFailing:
    async def test_stores_the_error_of_the_provider_and_keeps_the_streamed_text(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
    ) -> None:
        error = ProviderError(ProviderErrorCode.AUTH, "Set OPENAI_API_KEY.")

        async with running(ScriptedModel("Hal", error=error)):
            ended = await wait_for_status(task, "failed")

        assert ended.error_code == "provider_auth"
        assert ended.error_detail == "Set OPENAI_API_KEY."
        draft = await database.run(Draft.objects.get, task=task)
        assert (draft.seq, draft.offset, draft.text) == (1, 0, "Hal")
        last = await database.run(Event.objects.filter(task=task).last)
        assert last
        assert last.type == "task.failed"
        assert last.data["error_code"] == "provider_auth"

    async def test_fails_a_task_whose_model_cannot_be_opened(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
    ) -> None:
        await database.run(
            AgentVersion.objects.filter(pk=task.agent_version_id).update, model="gone"
        )

        async with running(ScriptedModel("Yes")):
            ended = await wait_for_status(task, "failed")

        assert ended.error_code == "model_unavailable"

    async def test_fails_visibly_on_an_unexpected_error(
        self, task: AgentTask, running: RunWith, wait_for_status: WaitForStatus
    ) -> None:
        async with running(ScriptedModel("Yes", error=RuntimeError("secret"))):
            ended = await wait_for_status(task, "failed")

        assert ended.error_code == "internal_error"
        assert "secret" not in ended.error_detail

    async def test_fails_at_the_time_limit_and_closes_the_connection(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
    ) -> None:
        await database.run(
            AgentVersion.objects.filter(pk=task.agent_version_id).update, timeout=1
        )
        model = ScriptedModel("Never", gate=asyncio.Event())

        async with running(model):
            ended = await wait_for_status(task, "failed")
            assert model.open_streams == 0

        assert ended.error_code == "timeout"


class TestLosing:
    @pytest.fixture(autouse=True)
    def _leases_are_trustworthy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make an expired lease prove a death, by moving the clock on."""
        times = chain([0.0], repeat(5.0))
        monkeypatch.setattr(leases, "monotonic_seconds", lambda: next(times))

    async def test_recovers_the_task_of_a_dead_worker(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
    ) -> None:
        await database.run(_make_orphan, task)

        async with running(ScriptedModel("Yes")):
            ended = await wait_for_status(task, "completed")

        assert (ended.attempt, ended.lost_attempts) == (2, 1)
        assert (1, 2, "attempt.lost") in await database.run(types_of, task)

    async def test_fails_a_task_that_has_lost_too_many_workers(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        settings: Settings,
    ) -> None:
        settings.MAX_ATTEMPTS = 1
        await database.run(_make_orphan, task)
        model = ScriptedModel("Yes")

        async with running(model):
            ended = await wait_for_status(task, "failed")

        assert ended.error_code == "worker_lost"
        assert model.calls == []

    async def test_does_not_repeat_a_stored_step(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
    ) -> None:
        await database.run(_make_orphan, task)
        await database.run(_store_answer, task)
        model = ScriptedModel("Again")

        async with running(model):
            ended = await wait_for_status(task, "completed")

        assert model.calls == []
        assert ended.output_text == "Stored"

    async def test_writes_nothing_once_another_attempt_has_begun(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
    ) -> None:
        gate = asyncio.Event()
        model = ScriptedModel("Late", gate=gate)

        async with running(model, capacity=1):
            await wait_for_status(task, "running")
            await database.run(AgentTask.objects.filter(pk=task.pk).update, attempt=7)
            gate.set()
            await eventually("the call to end", lambda: not model.open_streams)

        now = await database.run(AgentTask.objects.get, pk=task.pk)
        assert (now.status, now.attempt, now.output_text) == ("running", 7, "")
        assert not await database.run(Step.objects.filter(task=task).exists)

    async def test_registers_again_after_it_was_declared_lost(
        self,
        submit: Submit,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        settings: Settings,
    ) -> None:
        settings.LEASE_SECONDS = 0.4
        first = await database.run(submit)
        gate = asyncio.Event()
        model = ScriptedModel("Yes", gate=gate)

        async with running(model):
            await wait_for_status(first, "running")
            settings.LEASE_SECONDS = 10
            await database.run(Worker.objects.update, lost_at=Now())
            await eventually("a second model call", lambda: len(model.calls) == 2)
            gate.set()
            ended = await wait_for_status(first, "completed")

        assert ended.attempt == 2
        assert await database.run(Worker.objects.count) == 2


class TestStopping:
    async def test_releases_tasks_that_do_not_end_within_the_grace_period(
        self,
        task: AgentTask,
        running: RunWith,
        wait_for_status: WaitForStatus,
        database: DatabaseThreads,
        settings: Settings,
    ) -> None:
        settings.STOP_GRACE_SECONDS = 0.01
        model = ScriptedModel("Half", gate=asyncio.Event())

        async with running(model):
            await wait_for_status(task, "running")

        now = await database.run(AgentTask.objects.get, pk=task.pk)
        assert (now.status, now.lost_attempts) == ("pending", 0)
        assert (1, 2, "attempt.released") in await database.run(types_of, task)
        assert not await database.run(Worker.objects.alive().exists)

    async def test_gives_back_what_a_claim_takes_that_the_stop_does_not_wait_for(
        self,
        task: AgentTask,
        running: RunWith,
        database: DatabaseThreads,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        claiming, may_claim = threading.Event(), threading.Event()

        def claim_late(worker: Worker, *, limit: int) -> claims.Claim:
            claiming.set()
            may_claim.wait()
            return claim(worker, limit=limit)

        claim = claims.claim
        monkeypatch.setattr(claims, "claim", claim_late)
        monkeypatch.setattr(session, "CLAIM_END_SECONDS", 0)

        async with running(ScriptedModel("Yes")) as runner:
            await asyncio.to_thread(claiming.wait)
            runner.stop()
            may_claim.set()

        now = await database.run(AgentTask.objects.get, pk=task.pk)
        assert (now.status, now.attempt, now.lost_attempts) == ("pending", 1, 0)
        assert (1, 2, "attempt.released") in await database.run(types_of, task)

    async def test_releases_a_task_whose_row_is_locked_by_a_reader(
        self, task: AgentTask, database: DatabaseThreads
    ) -> None:
        worker = await database.run(register_worker, capacity=1)
        await database.run(claim_tasks, worker, limit=1)
        other = DatabaseThreads("other")
        locked, may_unlock = threading.Event(), threading.Event()
        reading = asyncio.ensure_future(other.run(_hold_lock, task, locked, may_unlock))
        await asyncio.to_thread(locked.wait)

        releasing = asyncio.ensure_future(
            database.run(release_tasks, worker, [AttemptKey(task.pk, 1)])
        )
        await asyncio.wait([releasing], timeout=0.2)
        may_unlock.set()
        await asyncio.gather(reading, releasing)
        other.close()

        now = await database.run(AgentTask.objects.get, pk=task.pk)
        assert now.status == "pending"


def _hold_lock(
    task: AgentTask, locked: threading.Event, may_unlock: threading.Event
) -> None:
    with transaction.atomic():
        AgentTask.objects.select_for_update(of=("self",)).get(pk=task.pk)
        locked.set()
        may_unlock.wait()


def _make_orphan(task: AgentTask) -> None:
    dead = Worker.objects.create(
        name="dead", capacity=1, lease_until=Now() - timedelta(seconds=1)
    )
    AgentTask.objects.filter(pk=task.pk).update(
        status="running", attempt=1, worker=dead, started_at=Now()
    )
    Event.objects.create(task=task, attempt=1, seq=1, type="attempt.started")


def _store_answer(task: AgentTask) -> None:
    Step.objects.create(
        task=task,
        position=1,
        attempt=1,
        kind=Step.Kind.MODEL_RESPONSE,
        started_at=task.created_at,
        finished_at=task.created_at,
        message=message_to_json(Message("assistant", (TextPart("Stored"),))),
    )
    AgentTask.objects.filter(pk=task.pk).update(steps_count=1)
