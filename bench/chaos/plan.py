"""What the tasks of a run are to do, drawn from its seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

# As the agents know their tools. `approved` is a `write` that a person has to allow.
TOOLS = ("read", "idempotent", "write", "approved")
# Another agent, which does what it is asked in a task of its own.
AGENT = "agent"
WORDS = "stone river größer 🐢 tea λόγος night 日本 wind salt"
# So long a reader may take to come back after a cut, in seconds.
MAX_ABSENCE = 3.0


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """`delay` seconds before the thing is done, `after` until the answer."""

    id: str
    tool: str
    delay: float
    after: float

    @property
    def arguments(self) -> str:
        call: dict[str, Any] = {"input": self.id}
        if self.tool != AGENT:
            call = {"id": self.id, "delay": self.delay, "after": self.after}
        return orjson.dumps(call).decode()


@dataclass(frozen=True, slots=True)
class Plan:
    """One task: rounds of tool calls, then an answer in pieces.

    Each of its calls of another agent is a plan among its `children`, named after it.

    `breaks` are the rounds whose first answer fails or breaks off. `cancel_after` is
    in seconds from its submission, as `submit_at` is from the beginning of the run.
    """

    name: str
    user: int
    submit_at: float
    rounds: tuple[tuple[PlannedCall, ...], ...]
    pieces: int
    delay: float
    breaks: frozenset[int]
    cancel_after: float | None
    readers: int
    children: tuple["Plan", ...] = ()

    @property
    def calls(self) -> Iterator[PlannedCall]:
        for calls in self.rounds:
            yield from calls

    @property
    def family(self) -> Iterator["Plan"]:
        yield self
        yield from self.children

    def script(self, asked_round: int, number: int) -> dict[str, Any]:
        """What the provider does when it is asked for a round the `number`-th time.

        No two answers are the same, so that a mixture of two would be seen.
        """
        said = f"{self.name} {asked_round}.{number}: {WORDS * 12}"
        script: dict[str, Any] = {
            "text": said,
            "reasoning": f"hm {said[:40]}",
            "pieces": self.pieces,
            "delay": self.delay,
        }
        if asked_round < len(self.rounds):
            calls = self.rounds[asked_round]
            script["tool_calls"] = [
                {"name": call.tool, "arguments": call.arguments} for call in calls
            ]
            script["tool_rounds"] = len(self.rounds) + 1
        if number == 1 and asked_round in self.breaks:
            script |= {"then": "cut"} if asked_round else {"status": 503}
        return script


def draw_plans(
    chance: random.Random, *, count: int, seconds: float, users: int, pieces: int
) -> list[Plan]:
    """The tasks of a run, in the order of their submission."""
    times = sorted(chance.uniform(0, seconds) for _ in range(count))
    return [
        _draw(chance, f"task-{number}", at, users=users, pieces=pieces)
        for number, at in enumerate(times)
    ]


def _draw(
    chance: random.Random, name: str, at: float, *, users: int, pieces: int
) -> Plan:
    rounds = tuple(
        tuple(
            _draw_call(chance, f"{name}-{number}-{place}", (*TOOLS, AGENT))
            for place in range(chance.choice((1, 1, 2, 3)))
        )
        for number in range(chance.choice((0, 1, 2, 2, 3)))
    )
    is_cancelled = chance.random() < 0.15
    user = chance.randrange(users)
    return Plan(
        name=name,
        user=user,
        submit_at=at,
        rounds=rounds,
        pieces=chance.randint(1, pieces),
        delay=chance.uniform(0.05, 0.3),
        breaks=frozenset(n for n in range(4) if chance.random() < 0.1),
        cancel_after=chance.uniform(0, 12) if is_cancelled else None,
        readers=chance.choice((0, 1, 1, 2)),
        children=tuple(
            _draw_child(chance, call.id, at, user=user, pieces=pieces)
            for calls in rounds
            for call in calls
            if call.tool == AGENT
        ),
    )


def _draw_child(
    chance: random.Random, name: str, at: float, *, user: int, pieces: int
) -> Plan:
    return Plan(
        name=name,
        user=user,
        submit_at=at,
        rounds=((_draw_call(chance, f"{name}-0-0", TOOLS),),),
        pieces=chance.randint(1, pieces),
        delay=chance.uniform(0.05, 0.2),
        breaks=frozenset(),
        cancel_after=None,
        readers=0,
    )


def _draw_call(
    chance: random.Random, call_id: str, tools: tuple[str, ...]
) -> PlannedCall:
    return PlannedCall(
        call_id,
        chance.choice(tools),
        delay=round(chance.uniform(0, 1.4), 3),
        after=round(chance.uniform(0, 1.4), 3),
    )
