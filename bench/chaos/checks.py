"""The guarantees (P1 to P6), checked against the evidence of a run."""

from collections.abc import Callable, Iterator
from itertools import zip_longest

from bench.chaos.evidence import Accepted, Evidence, Violation
from bench.chaos.plan import PlannedCall
from bench.chaos.recoveries import late_recoveries
from bench.chaos.stops import late_stops, stale_requests
from bench.chaos.stored_tasks import StoredStep, StoredTask
from bench.chaos.stream_reader import Reader

LIVE = {"pending", "running", "waiting"}


def check(evidence: Evidence) -> list[Violation]:
    """Return all violations."""
    found = [*_lost(evidence), *_unexpected_exits(evidence)]
    for accepted in evidence.tasks:
        stored = evidence.stored.get(accepted.task_id)
        if stored is None:
            continue
        for check_one in CHECKS:
            found += check_one(evidence, accepted, stored)
    for reader in evidence.readers:
        found += _reader(evidence, reader)
    return [
        *found,
        *late_stops(evidence),
        *stale_requests(evidence),
        *late_recoveries(evidence),
    ]


def _lost(evidence: Evidence) -> Iterator[Violation]:
    accepted = {one.task_id for one in evidence.tasks}
    for task_id in accepted - evidence.stored.keys():
        yield Violation("P1 lost", task_id, "accepted but not stored")
    for task_id in evidence.stored.keys() - accepted:
        yield Violation("P1 duplicate", task_id, "stored but never submitted")


def _unexpected_exits(evidence: Evidence) -> Iterator[Violation]:
    """No process of ours exits by itself or with an error, whatever goes away."""
    for code in evidence.exit_codes:
        if code:
            yield Violation("P2 process", 0, f"a process exited with {code}")


def _ended(
    evidence: Evidence, accepted: Accepted, stored: StoredTask
) -> Iterator[Violation]:
    expected = {"completed"}
    if accepted.may_be_cancelled:
        expected.add("cancelled")
    if accepted.cancelled_at is not None:
        expected = {"cancelled"}
    if stored.status in LIVE:
        yield Violation("P2 stuck", stored.id, stored.status)
    elif stored.status not in expected:
        detail = f"{stored.status} {stored.error_code}, not {' or '.join(expected)}"
        yield Violation("P2 end", stored.id, detail)


def _complete(
    evidence: Evidence, accepted: Accepted, stored: StoredTask
) -> Iterator[Violation]:
    """Steps have no gap; a completed task has each planned step once."""
    positions = [step.position for step in stored.steps]
    if positions != list(range(1, stored.steps_count + 1)):
        yield Violation("P4 steps", stored.id, f"{positions} of {stored.steps_count}")
    if stored.status != "completed":
        return
    planned = sorted(call.id for call in accepted.plan.calls)
    answered = sorted(call_id for call_id, _ in _results(accepted, stored))
    if answered != planned:
        yield Violation("P4 results", stored.id, f"{answered}, not {planned}")
    if len(stored.responses) != len(accepted.plan.rounds) + 1:
        detail = f"{len(stored.responses)} responses"
        yield Violation("P4 responses", stored.id, detail)
    elif stored.output_text != stored.responses[-1].content("text"):
        yield Violation("P4 output", stored.id, "not the text of its last step")


def _results(
    accepted: Accepted, stored: StoredTask
) -> Iterator[tuple[str, StoredStep]]:
    """Yield the id of the planned call and the step of each stored result."""
    round_number = -1
    for step in stored.steps:
        if step.kind == "model_response":
            round_number += 1
        else:
            index = int(step.message["parts"][0]["tool_call_id"].removeprefix("call_"))
            yield accepted.plan.rounds[round_number][index].id, step


def _called_agents(
    evidence: Evidence, accepted: Accepted, stored: StoredTask
) -> Iterator[Violation]:
    """Each call of an agent is one task, whose output is the call's result."""
    called = [one for one in evidence.stored.values() if one.parent_id == stored.id]
    names = sorted(one.input_text for one in called)
    planned = sorted(plan.name for plan in accepted.plan.children)
    is_right = names == planned
    if stored.status != "completed":
        is_right = len(set(names)) == len(names) and set(names) <= set(planned)
    if not is_right:
        yield Violation("P4 children", stored.id, f"{names}, not {planned}")
    outputs = {one.input_text: one.output_text for one in called}
    for call_id, step in _results(accepted, stored):
        content = step.message["parts"][0]["content"]
        if call_id in outputs and content != outputs[call_id]:
            yield Violation("P4 child's output", stored.id, call_id)


def _not_repeated(
    evidence: Evidence, accepted: Accepted, stored: StoredTask
) -> Iterator[Violation]:
    """No model call and no tool call is made whose result is stored already."""
    for number, step in enumerate(stored.responses):
        model_calls = evidence.provider.requests[accepted.plan.name, number]
        if not model_calls:
            detail = f"response {number} was never requested"
            yield Violation("P4 response", stored.id, detail)
        if any(one.started_at > step.finished_at.timestamp() for one in model_calls):
            yield Violation("P4 repeated model call", stored.id, f"response {number}")
    for call_id, step in _results(accepted, stored):
        called = evidence.tools.requests[call_id]
        if any(call.started_at > step.finished_at.timestamp() for call in called):
            yield Violation("P4 repeated tool call", stored.id, call_id)


def _allowed_calls(
    evidence: Evidence, accepted: Accepted, stored: StoredTask
) -> Iterator[Violation]:
    for call in accepted.plan.calls:
        for detail in _wrong_calls(evidence, call):
            yield Violation("P4 calls", stored.id, f"{call.id} {call.tool}: {detail}")


def _wrong_calls(evidence: Evidence, call: PlannedCall) -> Iterator[str]:
    called = evidence.tools.requests[call.id]
    done = evidence.tools.done_count(call.id)
    if call.tool == "idempotent" and (done > 1 or len({one.key for one in called}) > 1):
        yield f"done {done} times, with {len({one.key for one in called})} keys"
    if call.tool in ("write", "approved"):
        allowed = 1 + evidence.repeats[call.id]
        if len(called) > allowed:
            yield f"called {len(called)} times, allowed {allowed}"
        if done > 1:
            yield f"done {done} times"
    if call.tool == "approved" and called and call.id not in evidence.approved:
        yield "called without approval"


def _event_order(
    evidence: Evidence, accepted: Accepted, stored: StoredTask
) -> Iterator[Violation]:
    """Attempts follow each other, each counts from 1 without a gap; one end, last."""
    attempt, seq = 0, 0
    for event in stored.events:
        if (event.attempt, event.seq) not in ((attempt, seq + 1), (attempt + 1, 1)):
            detail = f"{event.attempt}.{event.seq} after {attempt}.{seq}"
            yield Violation("P3 order", stored.id, detail)
        attempt, seq = event.attempt, event.seq
    if attempt != stored.attempt:
        detail = f"attempt {stored.attempt}, but the log ends at {attempt}"
        yield Violation("P3 order", stored.id, detail)
    ends = [event.type for event in stored.events if event.type in _ENDS]
    if stored.status not in LIVE and ends != [f"task.{stored.status}"]:
        yield Violation("P3 order", stored.id, f"{stored.status}, but logged {ends}")


_ENDS = {"task.completed", "task.failed", "task.cancelled"}


CHECKS: tuple[Callable[[Evidence, Accepted, StoredTask], Iterator[Violation]], ...] = (
    _ended,
    _complete,
    _called_agents,
    _not_repeated,
    _allowed_calls,
    _event_order,
)


def _reader(evidence: Evidence, reader: Reader) -> Iterator[Violation]:
    """A reader received exactly the stored text, step by step."""
    stored, read = evidence.stored.get(reader.task_id), reader.transcript
    if stored is None:
        return
    for wrong in read.wrong[:3]:
        yield Violation("P5 order", reader.task_id, wrong)
    if not read.has_ended:
        yield Violation("P5 end", reader.task_id, "the reader received no end")
    for step, position in zip_longest(stored.responses, sorted(read.steps)):
        if step is None or step.position != position:
            yield Violation("P5 steps", reader.task_id, f"{sorted(read.steps)}")
            return
        if read.steps[position] != (step.content("text"), step.content("reasoning")):
            yield Violation("P5 text", reader.task_id, f"step {position} differs")
