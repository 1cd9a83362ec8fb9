"""The evidence of a run, which the checks examine."""

from collections import Counter
from dataclasses import dataclass, field

from bench.chaos.faults.fault import Fault
from bench.chaos.plan import Plan
from bench.chaos.recording_servers import RecordingProvider, RecordingTools
from bench.chaos.stored_tasks import StoredTask
from bench.chaos.stream_reader import Reader


@dataclass(slots=True)
class Accepted:
    """A task that was accepted with a 201, or one that such a task called.

    `may_be_cancelled` is set when a cancel is sent for it or its parent, `cancelled_at`
    when the cancel was confirmed.
    """

    plan: Plan
    task_id: int
    cancelled_at: float | None = None
    may_be_cancelled: bool = False


@dataclass(slots=True)
class Evidence:
    provider: RecordingProvider
    tools: RecordingTools
    is_embedded: bool
    accepted: list[Accepted] = field(default_factory=list)
    children: list[Accepted] = field(default_factory=list)
    readers: list[Reader] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    # The decisions on calls with an unknown outcome, by the id of the call.
    resolved: dict[str, str] = field(default_factory=dict)
    repeats: Counter[str] = field(default_factory=Counter)
    approved: set[str] = field(default_factory=set)
    stored: dict[int, StoredTask] = field(default_factory=dict)
    exit_codes: list[int] = field(default_factory=list)

    @property
    def tasks(self) -> list[Accepted]:
        return [*self.accepted, *self.children]

    def collect_children(self) -> None:
        """Find the stored tasks that other tasks called as planned."""
        parents = {one.task_id: one for one in self.accepted}
        for stored in self.stored.values():
            parent = parents.get(stored.parent_id or 0)
            plans = {plan.name: plan for plan in parent.plan.children} if parent else {}
            if parent and stored.input_text in plans:
                is_stopped = stored.status == "cancelled"
                self.children.append(
                    Accepted(
                        plans[stored.input_text],
                        stored.id,
                        cancelled_at=parent.cancelled_at if is_stopped else None,
                        may_be_cancelled=parent.may_be_cancelled,
                    )
                )

    @property
    def request_count(self) -> int:
        """The number of requests to the provider and the tool server."""
        recorded = (*self.provider.requests.values(), *self.tools.requests.values())
        return sum(map(len, recorded))


@dataclass(frozen=True, slots=True)
class Violation:
    promise: str
    task_id: int
    detail: str
