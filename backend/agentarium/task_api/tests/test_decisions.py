"""Decisions and ends in the logs of tasks, with and without a worker."""

from collections.abc import Callable

import pytest

from agentarium.accounts.models import User
from agentarium.tasks.event_types import EventType
from agentarium.tasks.models import AgentTask, Event, ToolCall
from agentarium.tasks.services import (
    approve_call,
    cancel_task,
    force_fail_task,
    resolve_call,
    return_to_queue,
)
from agentarium.tasks.tests.factories import EventFactory, TaskFactory


@pytest.fixture
def held(alice: User) -> AgentTask:
    """A running task, with a call that waits for approval."""
    task = TaskFactory.create(
        agent__owner=alice,
        running=True,
        input_tokens=120,
        output_tokens=30,
        cost_nanodollars=1_500_000,
    )
    EventFactory.create(task=task, attempt=1, type="attempt.started")
    ToolCall.objects.create(
        task=task,
        step=1,
        tool_call_id="call-1",
        name="do",
        effect="write",
        status="waiting",
        waits_for="approval",
        arguments="{}",
    )
    return task


def log_of(task: AgentTask) -> list[tuple[int, int, str]]:
    return list(
        task.events.order_by("attempt", "seq").values_list("attempt", "seq", "type")
    )


def approve(task: AgentTask, by: User) -> None:
    approve_call(ToolCall.objects.get(task=task), by=by)


class TestDecisions:
    def test_are_not_logged_while_a_worker_holds_the_task(
        self, held: AgentTask, alice: User
    ) -> None:
        approve(held, alice)

        assert log_of(held) == [(1, 1, "attempt.started")]

    def test_are_logged_when_the_worker_is_lost(
        self, held: AgentTask, alice: User
    ) -> None:
        approve(held, alice)

        return_to_queue([held], EventType.ATTEMPT_LOST)

        assert log_of(held) == [
            (1, 1, "attempt.started"),
            (1, 2, "tool.decided"),
            (1, 3, "attempt.lost"),
        ]

    def test_are_logged_once(self, held: AgentTask, alice: User) -> None:
        approve(held, alice)
        return_to_queue([held], EventType.ATTEMPT_LOST)

        return_to_queue([held], EventType.ATTEMPT_LOST)

        assert [kind for *_, kind in log_of(held)].count("tool.decided") == 1

    def test_are_logged_before_the_end(self, held: AgentTask, alice: User) -> None:
        approve(held, alice)

        cancel_task(held, by=alice)

        assert [kind for *_, kind in log_of(held)] == [
            "attempt.started",
            "cancel.requested",
            "tool.decided",
            "task.cancelled",
        ]

    def test_are_logged_immediately_if_no_worker_holds_the_task(
        self, held: AgentTask, alice: User
    ) -> None:
        return_to_queue([held], EventType.ATTEMPT_LOST)

        approve(held, alice)

        assert log_of(held)[-1] == (1, 3, "tool.decided")


def test_resolving_a_call_as_failed_cancels_children(
    held: AgentTask, alice: User
) -> None:
    child = TaskFactory.create(agent=held.agent, parent=held)
    ToolCall.objects.update(waits_for="outcome")

    resolve_call(ToolCall.objects.get(task=held), by=alice, outcome="fail")

    child.refresh_from_db()
    held.refresh_from_db()
    assert (held.status, child.status) == ("failed", "cancelled")


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        (lambda task, by: cancel_task(task, by=by), "task.cancelled"),
        (lambda task, by: force_fail_task(task, by=by), "task.failed"),
    ],
)
def test_the_last_event_of_a_task_without_a_worker_has_its_usage(
    held: AgentTask,
    alice: User,
    end: Callable[[AgentTask, User], object],
    kind: str,
) -> None:
    end(held, alice)

    data = Event.objects.get(task=held, type=kind).data
    assert data["input_tokens"] == 120
    assert data["output_tokens"] == 30
    assert data["cost"] == "0.0015"
    assert data["cost_is_complete"] is True
