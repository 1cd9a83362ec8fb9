"""The plans of the tasks of a run, drawn from its seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

# The names of the tools. `approved` is a `write` that needs an approval.
TOOLS = ("read", "idempotent", "write", "approved")
# The tool that calls the helper agent, which runs as a task of its own.
AGENT = "agent"
WORDS = "stone river größer 🐢 tea λόγος night 日本 wind salt"
# Seconds until a reader connects again.
MAX_RECONNECT_DELAY = 3.0


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A tool call: `delay` seconds before its effect, `after` until its response."""

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
    """One task: rounds of tool calls, then a final response in pieces.

    Each call of the helper agent has a plan among the `children`, named after the call.

    `failing_rounds` are the rounds whose first response fails or breaks off.
    `submit_at` counts in seconds from the start of the run, `cancel_after` from the
    submission.
    """

    name: str
    user: int
    submit_at: float
    rounds: tuple[tuple[PlannedCall, ...], ...]
    pieces: int
    delay: float
    failing_rounds: frozenset[int]
    cancel_after: float | None
    readers: int
    children: tuple["Plan", ...] = ()

    @property
    def calls(self) -> Iterator[PlannedCall]:
        for calls in self.rounds:
            yield from calls

    @property
    def with_children(self) -> Iterator["Plan"]:
        yield self
        yield from self.children

    def script(self, round_number: int, number: int) -> dict[str, Any]:
        """The provider's script for the `number`-th request of a round.

        No two responses are the same, so that a mixture of two would be detected.
        """
        text = f"{self.name} {round_number}.{number}: {WORDS * 12}"
        script: dict[str, Any] = {
            "text": text,
            "reasoning": f"hm {text[:40]}",
            "pieces": self.pieces,
            "delay": self.delay,
        }
        if round_number < len(self.rounds):
            calls = self.rounds[round_number]
            script["tool_calls"] = [
                {"name": call.tool, "arguments": call.arguments} for call in calls
            ]
            script["tool_rounds"] = len(self.rounds) + 1
        if number == 1 and round_number in self.failing_rounds:
            script |= {"then": "cut"} if round_number else {"status": 503}
        return script


def draw_plans(
    rng: random.Random, *, count: int, seconds: float, users: int, pieces: int
) -> list[Plan]:
    """Draw the plans of a run, in the order of their submission."""
    times = sorted(rng.uniform(0, seconds) for _ in range(count))
    return [
        _draw(rng, f"task-{number}", at, users=users, pieces=pieces)
        for number, at in enumerate(times)
    ]


def _draw(rng: random.Random, name: str, at: float, *, users: int, pieces: int) -> Plan:
    rounds = tuple(
        tuple(
            _draw_call(rng, f"{name}-{number}-{index}", (*TOOLS, AGENT))
            for index in range(rng.choice((1, 1, 2, 3)))
        )
        for number in range(rng.choice((0, 1, 2, 2, 3)))
    )
    is_cancelled = rng.random() < 0.15
    user = rng.randrange(users)
    return Plan(
        name=name,
        user=user,
        submit_at=at,
        rounds=rounds,
        pieces=rng.randint(1, pieces),
        delay=rng.uniform(0.05, 0.3),
        failing_rounds=frozenset(n for n in range(4) if rng.random() < 0.1),
        cancel_after=rng.uniform(0, 12) if is_cancelled else None,
        readers=rng.choice((0, 1, 1, 2)),
        children=tuple(
            _draw_child(rng, call.id, at, user=user, pieces=pieces)
            for calls in rounds
            for call in calls
            if call.tool == AGENT
        ),
    )


def _draw_child(
    rng: random.Random, name: str, at: float, *, user: int, pieces: int
) -> Plan:
    return Plan(
        name=name,
        user=user,
        submit_at=at,
        rounds=((_draw_call(rng, f"{name}-0-0", TOOLS),),),
        pieces=rng.randint(1, pieces),
        delay=rng.uniform(0.05, 0.2),
        failing_rounds=frozenset(),
        cancel_after=None,
        readers=0,
    )


def _draw_call(rng: random.Random, call_id: str, tools: tuple[str, ...]) -> PlannedCall:
    return PlannedCall(
        call_id,
        rng.choice(tools),
        delay=round(rng.uniform(0, 1.4), 3),
        after=round(rng.uniform(0, 1.4), 3),
    )
