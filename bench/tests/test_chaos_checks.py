"""The checks of a chaos run detect violations."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from bench.chaos.checks import _called_agents
from bench.chaos.evidence import Accepted, Evidence
from bench.chaos.plan import AGENT, Plan, PlannedCall
from bench.chaos.stored_tasks import StoredStep, StoredTask

CALL = PlannedCall("task-0-0-0", AGENT, delay=0, after=0)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def plan(name: str, *calls: PlannedCall, children: tuple[Plan, ...] = ()) -> Plan:
    return Plan(
        name=name,
        user=0,
        submit_at=0,
        rounds=(calls,) if calls else (),
        pieces=1,
        delay=0,
        failing_rounds=frozenset(),
        cancel_after=None,
        readers=0,
        children=children,
    )


def step(position: int, kind: str, **part: Any) -> StoredStep:
    return StoredStep(position, kind, 1, NOW, {"parts": [part]})


def task(task_id: int, name: str, *, parent: int | None, output: str) -> StoredTask:
    return StoredTask(
        id=task_id,
        status="completed",
        attempt=1,
        error_code="",
        output_text=output,
        steps_count=3,
        input_text=name,
        parent_id=parent,
        steps=[
            step(1, "model_response", type="text", text=""),
            step(2, "tool_result", tool_call_id="call_0", content="Tea."),
        ],
    )


def violated(*children: StoredTask) -> list[str]:
    """The violations of a parent with one agent call, given its stored children."""
    parent = task(1, "task-0", parent=None, output="")
    parent_plan = plan("task-0", CALL, children=(plan(CALL.id),))
    evidence = Evidence(cast("Any", None), cast("Any", None), is_embedded=True)
    evidence.accepted = [Accepted(parent_plan, 1)]
    evidence.stored = {one.id: one for one in (parent, *children)}
    evidence.collect_children()
    violations = _called_agents(evidence, evidence.accepted[0], parent)
    return [violation.promise for violation in violations]


def child(task_id: int, *, output: str = "Tea.") -> StoredTask:
    return task(task_id, CALL.id, parent=1, output=output)


@pytest.mark.parametrize(
    ("children", "promises"),
    [
        ([child(2)], []),
        ([], ["P4 children"]),
        ([child(2), child(3)], ["P4 children"]),
        ([child(2, output="Coffee.")], ["P4 child's output"]),
    ],
)
def test_each_call_of_an_agent_is_one_task_and_its_answer(
    children: list[StoredTask], promises: list[str]
) -> None:
    assert violated(*children) == promises
