"""Tasks as they should be, beside what is stored of them."""

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

# What can be said of a call -> what such a call waits for, and how it is said.
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
    """What a worker knows of a task that it has claimed, whether or not it still has it."""

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
class Life:
    """A task as it should be."""

    status: str = "pending"
    attempt: int = 0
    lost: int = 0
    worker: int | None = None
    steps: int = 0
    settled: int = 0
    waiting: dict[int, str] = field(default_factory=dict)
    # The call that a child answers -> the child.
    children: dict[int, int] = field(default_factory=dict)

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED

    def end(self, status: str) -> None:
        self.status = status
        self.waiting.clear()

    def lose(self, limit: int) -> None:
        """Its worker died; it is tried again, unless too many have."""
        self.lost += 1
        self.worker = None
        if self.lost < limit:
            self.status = "pending"
        else:
            self.end("failed")

    def leave(self) -> None:
        """Nobody holds it any more: on with it, or wait."""
        self.worker = None
        self.status = "waiting" if self.waiting else "pending"


# --- What a worker would write ------------------------------------------------------


def entry_of(attempt: Attempt, kind: str) -> AttemptWrite:
    """Its next event, for other things to be added."""
    event = Event(
        task_id=attempt.task_id,
        attempt=attempt.number,
        seq=attempt.seq + 1,
        type=kind,
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
    """Text of the step after the next one."""
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
    """A call of its last response; another one each time."""
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

# Task -> the chosen columns of its rows.
Rows = dict[int, list[tuple[Any, ...]]]


def by_task(rows: QuerySet[Any], *columns: str) -> Rows:
    """In one query. A task without rows has an empty list of them."""
    found: Rows = defaultdict(list)
    for task_id, *values in rows.values_list("task_id", *columns):
        found[task_id].append(tuple(values))
    return found


def stored(task_id: int) -> dict[str, list[Any]]:
    """All rows of a task, for a comparison with what they become."""
    tables = {"steps": Step, "events": Event, "drafts": Draft, "calls": ToolCall}
    rows = {
        name: list(model._default_manager.filter(task=task_id).values())
        for name, model in tables.items()
    }
    return {"task": list(AgentTask.objects.filter(pk=task_id).values()), **rows}
