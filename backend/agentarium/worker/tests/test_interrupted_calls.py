"""The usage of attempts that end without their worker is estimated from what is stored.

An input token of the model costs 150 nanodollars, an output token 600. A request sends
14 characters, which are three tokens; the draft is one token.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from agentarium.accounts.models import User
from agentarium.db.clock import Now
from agentarium.db.threads import DatabaseThreads
from agentarium.runtime.call_usage import CallUsage
from agentarium.runtime.messages import (
    Message,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Usage,
    message_to_json,
)
from agentarium.tasks.counters import count_ended_tasks
from agentarium.tasks.models import (
    AgentTask,
    Draft,
    PeriodicJob,
    Step,
    TaskCount,
    Worker,
)
from agentarium.tasks.services import (
    cancel_task,
    force_fail_task,
    requeue_tasks,
    retry_task,
)
from agentarium.tests.eventually import eventually
from agentarium.worker.leases import register_worker
from agentarium.worker.queue import claims, late_usage, recovery, release
from agentarium.worker.tests.conftest import RunWith
from agentarium.worker.tests.expected import Attempt, write_of
from agentarium.worker.tests.scripted import ScriptedModel
from agentarium.worker.writing.writes import AttemptWrite, write_all

pytestmark = pytest.mark.usefixtures("prices")
# Tokens, cost, whether it is complete, whether it is estimated.
ESTIMATED = (3, 1, 150 * 3 + 600, True, True)
UNKNOWN = (0, 0, 0, False, False)
NOTHING = (0, 0, 0, True, False)


def claim(task: AgentTask) -> Attempt:
    """Claim the task for a worker that does nothing."""
    worker = register_worker(capacity=1)
    (claimed,) = claims.claim_tasks(worker, limit=1)
    assert claimed.pk == task.pk
    return Attempt(task.pk, claimed.attempt, worker, position=0)


def stream(attempt: Attempt, text: str = "Half") -> None:
    """Store a draft of the attempt's next step, after its last event."""
    position = AgentTask.objects.get(pk=attempt.task_id).steps_count + 1
    draft = Draft(
        task_id=attempt.task_id,
        attempt=attempt.number,
        seq=attempt.seq,
        step=position,
        channel="text",
        offset=0,
        text=text,
    )
    assert write_all([AttemptWrite(*attempt.key, drafts=[draft])])


def add(attempt: Attempt, event_type: str, message: Message | None = None) -> None:
    """Store the attempt's next event, and a step with a message."""
    write = write_of(attempt, event_type)
    if message:
        attempt.position += 1
        write.steps.append(
            Step(
                task_id=attempt.task_id,
                attempt=attempt.number,
                position=attempt.position,
                kind="tool_result" if message.role == "tool" else "model_response",
                cost_nanodollars=0,
                started_at=timezone.now(),
                finished_at=timezone.now(),
                message=message_to_json(message),
            )
        )
    attempt.seq += 1
    assert write_all([write])


def lose(attempt: Attempt, by: User) -> None:
    """The worker dies, and another one recovers its tasks."""
    Worker.objects.filter(pk=attempt.worker.pk).update(
        lease_until=Now() - timedelta(seconds=1)
    )
    recovery.recover_tasks(leases_are_trustworthy=lambda: True)


def exhaust(attempt: Attempt, by: User) -> None:
    """The worker dies, as others have before."""
    AgentTask.objects.filter(pk=attempt.task_id).update(lost_attempts=2)
    lose(attempt, by)
    assert AgentTask.objects.get(pk=attempt.task_id).error_code == "worker_lost"


def give_back(attempt: Attempt, by: User) -> None:
    release.release_tasks(attempt.worker, [attempt.key])


def lose_attempt(attempt: Attempt, by: User) -> None:
    recovery.lose_attempt(attempt.worker, attempt.key)


def requeue(attempt: Attempt, by: User) -> None:
    assert requeue_tasks([attempt.task_id], by=by) == 1


def force_fail(attempt: Attempt, by: User) -> None:
    force_fail_task(AgentTask.objects.get(pk=attempt.task_id), by=by)


def cancel(attempt: Attempt, by: User) -> None:
    cancel_task(AgentTask.objects.get(pk=attempt.task_id), by=by)


def cancel_and_die(attempt: Attempt, by: User) -> None:
    cancel(attempt, by)
    lose(attempt, by)


def cancel_and_retry(attempt: Attempt, by: User) -> None:
    """The person retries before the worker has reported the late usage."""
    cancel(attempt, by)
    retry_task(AgentTask.objects.get(pk=attempt.task_id), by=by)


ENDS: list[Callable[[Attempt, User], None]] = [
    lose,
    exhaust,
    lose_attempt,
    give_back,
    requeue,
    force_fail,
    cancel_and_die,
    cancel_and_retry,
]


@pytest.mark.parametrize("end", ENDS)
class TestEveryEnd:
    def test_counts_the_text_that_had_been_streamed(
        self, task: AgentTask, owner: User, end: Callable[[Attempt, User], None]
    ) -> None:
        attempt = claim(task)
        stream(attempt)

        end(attempt, owner)

        assert totals(task) == ESTIMATED
        (recorded,) = task.events.filter(type="usage.recorded")
        assert recorded.data == {
            "input_tokens": 3,
            "output_tokens": 1,
            "cost": "0.00000105",
            "is_estimate": True,
        }

    def test_does_not_know_what_a_call_without_text_costs(
        self, task: AgentTask, owner: User, end: Callable[[Attempt, User], None]
    ) -> None:
        end(claim(task), owner)

        assert totals(task) == UNKNOWN

    def test_adds_nothing_for_a_tool_call(
        self, task: AgentTask, owner: User, end: Callable[[Attempt, User], None]
    ) -> None:
        attempt = claim(task)
        call = ToolCallPart("1", "do", "{}")
        add(attempt, "step.completed", Message("assistant", (call,)))
        add(attempt, "tool.started")

        end(attempt, owner)

        assert totals(task) == NOTHING

    def test_nothing_is_counted_again_when_the_worker_reports(
        self, task: AgentTask, owner: User, end: Callable[[Attempt, User], None]
    ) -> None:
        attempt = claim(task)
        stream(attempt)
        end(attempt, owner)

        used = CallUsage(Usage(3, 1), 1050, is_estimate=True)
        late_usage.record_late_usage(
            attempt.worker, late_usage.LateUsage(*attempt.key, used)
        )

        assert totals(task) == ESTIMATED


def test_counts_the_conversation_that_was_sent_but_not_settled_text(
    task: AgentTask, owner: User
) -> None:
    """The text before a retry was counted with it; the text after it was not."""
    attempt = claim(task)
    call = ToolCallPart("1", "do", '{"a": 1}')
    add(attempt, "step.completed", Message("assistant", (TextPart("Well."), call)))
    result = ToolResultPart("1", "do", "Sixteen letters.")
    add(attempt, "tool.result", Message("tool", (result,)))
    stream(attempt, "Some text that failed.")
    write = write_of(attempt, "step.retried")
    write.events[0].data = {"next_model": "expensive"}
    write.used.append(CallUsage())
    write_all([write])
    attempt.seq += 1
    stream(attempt, "Eight ch")

    lose(attempt, owner)

    # Sent: 14 characters, then 5 + 2 + 8, then 16.
    sent, received = (14 + 15 + 16) // 4, 2
    cost = 1_000_000 * sent + 2_000_000 * received
    assert totals(task) == (sent, received, cost, True, True)


def test_a_complete_answer_that_was_stored_adds_nothing(
    task: AgentTask, owner: User
) -> None:
    attempt = claim(task)
    add(attempt, "step.completed", Message("assistant", (TextPart("Fine."),)))

    lose(attempt, owner)

    assert totals(task) == NOTHING


def test_a_free_model_costs_nothing_however_its_attempt_ends(
    task: AgentTask, owner: User, settings: Settings
) -> None:
    type(task.agent_version).objects.update(model="builtin:smollm2")

    lose(claim(task), owner)

    assert totals(task) == NOTHING


def test_an_unknown_price_makes_the_cost_incomplete(
    task: AgentTask, owner: User, settings: Settings
) -> None:
    settings.PRICES = {}
    attempt = claim(task)
    stream(attempt)

    lose(attempt, owner)

    assert totals(task) == (3, 1, 0, False, True)


def test_a_task_that_waits_in_the_queue_has_used_nothing(
    task: AgentTask, owner: User
) -> None:
    cancel_task(task, by=owner)
    retry_task(task, by=owner)

    assert totals(task) == NOTHING


def test_the_statistics_have_what_a_dead_worker_did_not_report(
    task: AgentTask, owner: User
) -> None:
    attempt = claim(task)
    stream(attempt)
    cancel(attempt, owner)
    ended_at = timezone.now() - timedelta(minutes=1)
    AgentTask.objects.filter(pk=task.pk).update(finished_at=ended_at)
    checkpoint = count_ended_tasks(None, timezone.now())
    PeriodicJob.objects.update_or_create(
        name="count_ended_tasks", defaults={"checkpoint": checkpoint}
    )

    lose(attempt, owner)

    columns = ("input_tokens", "output_tokens", "cost_nanodollars", "estimated_usages")
    assert set(TaskCount.objects.values_list(*columns)) == {(3, 1, 1050, 1)}


def test_a_repeated_write_of_a_broken_call_is_counted_once(task: AgentTask) -> None:
    attempt = claim(task)
    write = write_of(attempt, "usage.recorded")
    write.used.append(CallUsage(Usage(3, 1), 1050, is_estimate=True))

    write_all([write])
    write_all([write])

    assert totals(task) == ESTIMATED


async def test_a_worker_that_stops_counts_what_it_had_streamed(
    task: AgentTask, running: RunWith, database: DatabaseThreads, settings: Settings
) -> None:
    settings.STOP_GRACE_SECONDS = 0
    model = ScriptedModel("Half", gate=asyncio.Event())
    drafts = partial(database.run, Draft.objects.filter(task=task).exists)

    async with running(model):
        await eventually("a draft", drafts)

    assert await database.run(totals, task) == ESTIMATED
    assert await database.run(_status, task) == "pending"


def totals(task: AgentTask) -> tuple[Any, ...]:
    columns = AgentTask.objects.filter(pk=task.pk).values_list(
        "input_tokens",
        "output_tokens",
        "cost_nanodollars",
        "cost_is_complete",
        "usage_is_estimated",
    )
    found: tuple[Any, ...] = columns.get()
    return found


def _status(task: AgentTask) -> str:
    return str(AgentTask.objects.get(pk=task.pk).status)
