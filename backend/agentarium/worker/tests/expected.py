"""Tasks as they should be, and their stored rows for comparison."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from agentarium.tasks.fence import AttemptKey
from agentarium.tasks.models import (
    ENDED,
    AgentTask,
    Draft,
    Event,
    Step,
    ToolCall,
    Worker,
)
from agentarium.tasks.services import (
    answer_call,
    approve_call,
    reject_call,
    resolve_call,
)
from agentarium.worker.writing.writes import AttemptWrite

# Decision -> what the call must wait for, and the service that decides.
DECISIONS: dict[str, tuple[str, Callable[..., ToolCall]]] = {
    "approve": ("approval", partial(approve_call, arguments={"input": "Bye"})),
    "reject": ("approval", partial(reject_call, reason="No.")),
    "answer": ("answer", partial(answer_call, text="Blue.")),
    "done": ("outcome", partial(resolve_call, outcome="done", result="Sent.")),
    "repeat": ("outcome", partial(resolve_call, outcome="repeat")),
    "fail": ("outcome", partial(resolve_call, outcome="fail")),
}


STEP_COST = 1_000_000_007


@dataclass
class Attempt:
    """An attempt as its worker knows it, whether or not it still holds the task."""

    task_id: int
    number: int
    worker: Worker
    position: int
    seq: int = 1
    calls: int = 0

    @property
    def key(self) -> AttemptKey:
        return AttemptKey(self.task_id, self.number)


@dataclass
class ExpectedTask:
    """A task as it should be.

    `waiting` maps calls to what they wait for, `children` maps calls to child tasks.
    """

    status: str = "pending"
    attempt: int = 0
    lost: int = 0
    worker: int | None = None
    steps: int = 0
    late_cost: int = 0
    waiting: dict[int, str] = field(default_factory=dict)
    children: dict[int, int] = field(default_factory=dict)

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED

    def end(self, status: str) -> None:
        self.status = status
        self.waiting.clear()

    def lose(self, limit: int) -> None:
        """Its worker died: pending again, or failed at the limit."""
        self.lost += 1
        self.worker = None
        if self.lost < limit:
            self.status = "pending"
        else:
            self.end("failed")

    def suspend(self) -> None:
        """Its attempt gave it up: waiting, or pending if all calls are decided."""
        self.worker = None
        self.status = "waiting" if self.waiting else "pending"


# --- What a worker would write ----------------------------------------------------


def write_of(attempt: Attempt, event_type: str) -> AttemptWrite:
    """A write with the attempt's next event, to add other records to."""
    event = Event(
        task_id=attempt.task_id,
        attempt=attempt.number,
        seq=attempt.seq + 1,
        type=event_type,
        created_at=timezone.now(),
    )
    return AttemptWrite(attempt.task_id, attempt.number, events=[event])


def step_of(attempt: Attempt) -> Step:
    return Step(
        task_id=attempt.task_id,
        attempt=attempt.number,
        position=attempt.position + 1,
        kind=Step.Kind.MODEL_RESPONSE,
        output_tokens=3,
        cost_nanodollars=STEP_COST,
        started_at=timezone.now(),
        finished_at=timezone.now(),
        message={"role": "assistant", "parts": []},
    )


def draft_of(attempt: Attempt) -> Draft:
    """A draft of the step after the next one."""
    return Draft(
        task_id=attempt.task_id,
        attempt=attempt.number,
        seq=attempt.seq + 1,
        step=attempt.position + 2,
        channel="text",
        offset=0,
        text="Half",
    )


def call_of(attempt: Attempt, waits_for: str) -> ToolCall:
    """A new tool call of the attempt's last response."""
    attempt.calls += 1
    return ToolCall(
        task_id=attempt.task_id,
        step=attempt.position,
        tool_call_id=f"call-{attempt.number}-{attempt.calls}",
        name="do",
        effect="write",
        status=ToolCall.Status.WAITING,
        waits_for=waits_for,
        arguments='{"input": "Hello"}',
        created_at=timezone.now(),
        expires_at=None if waits_for == "task" else timezone.now(),
    )


# --- What is stored -----------------------------------------------------------------

# Task id -> the chosen columns of its rows.
Rows = dict[int, list[tuple[Any, ...]]]


def by_task(rows: QuerySet[Any], *columns: str) -> Rows:
    """Group rows by task, in one query. A task without rows has an empty list."""
    found: Rows = defaultdict(list)
    for task_id, *values in rows.values_list("task_id", *columns):
        found[task_id].append(tuple(values))
    return found


def stored_rows(task_id: int) -> dict[str, list[Any]]:
    """All rows of a task, to compare them with later ones."""
    tables = {"steps": Step, "events": Event, "drafts": Draft, "calls": ToolCall}
    rows = {
        name: list(model._default_manager.filter(task=task_id).values())
        for name, model in tables.items()
    }
    return {"task": list(AgentTask.objects.filter(pk=task_id).values()), **rows}
