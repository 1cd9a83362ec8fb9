"""What an attempt had spent that a cancel took its task from."""

import threading
from typing import Any

import pytest

from agentarium.accounts.models import User
from agentarium.db.threads import DatabaseThreads
from agentarium.tasks.models import AgentTask, Draft
from agentarium.tasks.services import cancel_task
from agentarium.tests.eventually import eventually
from agentarium.worker.leases import register_worker
from agentarium.worker.queue import claims
from agentarium.worker.tests.conftest import Read, RunWith
from agentarium.worker.tests.lives import Attempt, entry_of, step_of
from agentarium.worker.tests.scripted import (
    ScriptedTool,
    TalkingModel,
    call_of,
    settled,
)
from agentarium.worker.writing import event_writer
from agentarium.worker.writing.writes import AttemptWrite, write_all

pytestmark = pytest.mark.usefixtures("prices")


class TestAnAnswerThatWasWholeWhenTheCancelCame:
    """It was charged for, though the task no longer takes it."""

    @pytest.mark.parametrize("turn", ["Fine.", [call_of()]])
    async def test_is_settled_by_what_it_said_it_cost(
        self,
        task: AgentTask,
        running: RunWith,
        database: DatabaseThreads,
        read: Read,
        owner: User,
        monkeypatch: pytest.MonkeyPatch,
        turn: Any,
    ) -> None:
        is_writing, may_write = threading.Event(), threading.Event()

        def late(entries: list[AttemptWrite]) -> Any:
            is_writing.set()
            may_write.wait(15)
            return write_all(entries)

        monkeypatch.setattr(event_writer, "write_all", late)
        async with running(TalkingModel(turn), ScriptedTool()):
            await eventually("a write to begin", is_writing.is_set)
            await database.run(cancel_task, task, by=owner)
            may_write.set()
            told = await settled(database, task)

        assert told == [
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
        said = turn if isinstance(turn, str) else ""
        assert "".join(await database.run(lambda: list(drafts))) == said

    async def test_is_counted_once_if_it_was_stored_after_all(
        self, task: AgentTask, database: DatabaseThreads, read: Read, owner: User
    ) -> None:
        def settle() -> None:
            worker = register_worker(capacity=1)
            (claimed,) = claims.claim_tasks(worker, limit=1)
            attempt = Attempt(claimed.pk, claimed.attempt, worker, position=0)
            entry = entry_of(attempt, "step.completed")
            entry.steps.append(step_of(attempt))
            write_all([entry])
            cancel_task(claimed, by=owner)
            spent = claims.LateUsage(*entry.key, 5, 7, 11, step=1)
            claims.record_late_usage(worker, spent)

        await database.run(settle)

        detail = await read(task)
        assert (detail["steps_count"], detail["output_tokens"]) == (1, 3)
        (told,) = await settled(database, task)
        assert told["output_tokens"] == 0
