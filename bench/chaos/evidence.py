"""All that a run leaves behind, for the checks to compare."""

from collections import Counter
from dataclasses import dataclass, field

from bench.chaos.counted import CountedProvider, CountedTools
from bench.chaos.plan import Plan
from bench.chaos.reading import Reader
from bench.chaos.record import StoredTask
from bench.chaos.troubles import Trouble


@dataclass(slots=True)
class Accepted:
    """A task that was answered with 201, and what was asked of it afterwards.

    Or one that such a task has called: what is asked of that one is asked of it, too.

    `cancelled_at` is when the cancel was answered; `may_be_cancelled` says that one
    was sent, whatever became of it.
    """

    plan: Plan
    task_id: int
    cancelled_at: float | None = None
    may_be_cancelled: bool = False


@dataclass(slots=True)
class Evidence:
    provider: CountedProvider
    tools: CountedTools
    is_embedded: bool
    accepted: list[Accepted] = field(default_factory=list)
    children: list[Accepted] = field(default_factory=list)
    readers: list[Reader] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    # What was decided of calls whose outcome was unknown, by the id of the call.
    resolved: dict[str, str] = field(default_factory=dict)
    repeats: Counter[str] = field(default_factory=Counter)
    approved: set[str] = field(default_factory=set)
    stored: dict[int, StoredTask] = field(default_factory=dict)
    exit_codes: list[int] = field(default_factory=list)

    @property
    def tasks(self) -> list[Accepted]:
        return [*self.accepted, *self.children]

    def note_children(self) -> None:
        """Find the tasks that were called by others, as planned, among those stored."""
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
    def requests(self) -> int:
        """How often the world was asked for something."""
        asked = sum(len(requests) for requests in self.provider.asked.values())
        return asked + sum(len(requests) for requests in self.tools.called.values())


@dataclass(frozen=True, slots=True)
class Violation:
    promise: str
    task_id: int
    detail: str
