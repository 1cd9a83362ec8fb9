"""Late usage: tokens of a response that was complete when its task was cancelled."""

import threading
from typing import Any

import pytest

from agentarium.accounts.models import User
from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.call_usage import CallUsage
from agentarium.runtime.messages import Usage
from agentarium.tasks.models import AgentTask, Draft
from agentarium.tasks.services import cancel_task
from agentarium.tests.eventually import eventually
from agentarium.worker.leases import register_worker
from agentarium.worker.queue import claims, late_usage
from agentarium.worker.tests.conftest import Read, RunWith
from agentarium.worker.tests.expected import Attempt, step_of, write_of
from agentarium.worker.tests.scripted import (
    ScriptedTool,
    SequenceModel,
    call_of,
    late_usage_of,
)
from agentarium.worker.writing import event_writer
from agentarium.worker.writing.writes import AttemptWrite, write_all

pytestmark = pytest.mark.usefixtures("prices")


class TestResponseCompleteBeforeTheCancel:
    """The provider charges for it, though its step is not stored."""

    @pytest.mark.parametrize("response", ["Fine.", [call_of()]])
    async def test_is_recorded_with_its_exact_usage(
        self,
        task: AgentTask,
        running: RunWith,
        database: DatabaseThreads,
        read: Read,
        owner: User,
        monkeypatch: pytest.MonkeyPatch,
        response: Any,
    ) -> None:
        is_writing, may_write = threading.Event(), threading.Event()

        def delayed_write(writes: list[AttemptWrite]) -> Any:
            is_writing.set()
            may_write.wait(15)
            return write_all(writes)

        monkeypatch.setattr(event_writer, "write_all", delayed_write)
        async with running(SequenceModel(response), ScriptedTool()):
            await eventually("a write to begin", is_writing.is_set)
            await database.run(cancel_task, task, by=owner)
            may_write.set()
            recorded = await late_usage_of(database, task)

        assert recorded == [
            {
                "input_tokens": 1,
                "output_tokens": 1,
                "cost": "0.00000075",
                "is_estimate": False,
            }
        ]
        detail = await read(task)
        assert (detail["status"], detail["cost"]) == ("cancelled", "0.00000075")
        assert (detail["input_tokens"], detail["steps_count"]) == (1, 0)
        drafts = Draft.objects.filter(task=task).values_list("text", flat=True)
        text = response if isinstance(response, str) else ""
        assert "".join(await database.run(lambda: list(drafts))) == text

    async def test_is_counted_once_if_its_step_was_stored_after_all(
        self, task: AgentTask, database: DatabaseThreads, read: Read, owner: User
    ) -> None:
        def store_then_cancel() -> None:
            worker = register_worker(capacity=1)
            (claimed,) = claims.claim_tasks(worker, limit=1)
            attempt = Attempt(claimed.pk, claimed.attempt, worker, position=0)
            write = write_of(attempt, "step.completed")
            write.steps.append(step_of(attempt))
            write_all([write])
            cancel_task(claimed, by=owner)
            used = CallUsage(Usage(5, 7), 11)
            usage = late_usage.LateUsage(*write.key, used, seq=write.events[0].seq)
            late_usage.record_late_usage(worker, usage)

        await database.run(store_then_cancel)

        detail = await read(task)
        assert (detail["steps_count"], detail["output_tokens"]) == (1, 3)
        (recorded,) = await late_usage_of(database, task)
        assert recorded["output_tokens"] == 0
