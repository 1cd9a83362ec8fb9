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
    readers: list[Reader] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    # What was decided of calls whose outcome was unknown, by the id of the call.
    resolved: dict[str, str] = field(default_factory=dict)
    repeats: Counter[str] = field(default_factory=Counter)
    approved: set[str] = field(default_factory=set)
    stored: dict[int, StoredTask] = field(default_factory=dict)
    exit_codes: list[int] = field(default_factory=list)

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
