"""Readers of event streams whose connections break."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import orjson

from bench.chaos.client import User
from bench.chaos.plan import MAX_RECONNECT_DELAY

ENDS = {"task.completed", "task.failed", "task.cancelled"}


@dataclass(frozen=True, slots=True)
class Frame:
    type: str
    id: str
    data: dict[str, object]

    @property
    def cursor(self) -> tuple[int, int, int, int]:
        attempt, seq, text, reasoning = map(int, self.id.split("."))
        return attempt, seq, text, reasoning


@dataclass(slots=True)
class Transcript:
    """What one reader received: text and reasoning by step, and errors in `wrong`."""

    steps: dict[int, tuple[str, str]] = field(default_factory=dict)
    text: str = ""
    reasoning: str = ""
    cursor: tuple[int, int, int, int] = (0, 0, 0, 0)
    last_id: str = ""
    has_ended: bool = False
    wrong: list[str] = field(default_factory=list)

    def take(self, frame: Frame) -> None:
        self._check_order(frame)
        self.cursor, self.last_id = frame.cursor, frame.id
        text = str(frame.data.get("text", ""))
        match frame.type:
            case "text.delta":
                self.text += text
            case "reasoning.delta":
                self.reasoning += text
            case "step.completed":
                step = int(str(frame.data["step"]))
                self.steps[step] = (self.text, self.reasoning)
                self.text = self.reasoning = ""
            case "attempt.started" | "step.retried":
                self.text = self.reasoning = ""
        self.has_ended = frame.type in ENDS

    def _check_order(self, frame: Frame) -> None:
        """Events arrive once and in order; each delta continues the previous one."""
        attempt, seq, text, reasoning = self.cursor
        length = len(str(frame.data.get("text", "")))
        follows = [(attempt, seq + 1, 0, 0), (attempt + 1, 1, 0, 0)]
        if frame.type == "text.delta":
            follows = [(attempt, seq, text + length, reasoning)]
        if frame.type == "reasoning.delta":
            follows = [(attempt, seq, text, reasoning + length)]
        if frame.cursor not in follows:
            self.wrong.append(f"{frame.type} {frame.id} came after {self.last_id}")


class Reader:
    """Reads the stream of a task to its end, over several connections."""

    def __init__(self, user: User, task_id: int, rng: random.Random) -> None:
        self.task_id = task_id
        self.transcript = Transcript()
        self.connections = 0
        self.is_interrupted = True
        self._user = user
        self._rng = rng

    async def run(self) -> None:
        while not self.transcript.has_ended:
            self.connections += 1
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                await self._read_once()
            if not self.transcript.has_ended:
                delay = self._rng.uniform(0.05, MAX_RECONNECT_DELAY)
                await asyncio.sleep(delay if self.is_interrupted else 0.05)

    async def _read_once(self) -> None:
        """Read one connection; if interrupted, for some frames or some time only."""
        frames = self._rng.randint(1, 150) if self.is_interrupted else None
        seconds = self._rng.uniform(0.5, 20) if self.is_interrupted else None
        async with (
            asyncio.timeout(seconds),
            self._user.events(self.task_id, self.transcript.last_id) as response,
        ):
            if response.status != 200:
                return
            async for frame in frames_of(response):
                self.transcript.take(frame)
                frames = frames - 1 if frames is not None else None
                if frames == 0 or self.transcript.has_ended:
                    return


async def frames_of(response: aiohttp.ClientResponse) -> AsyncIterator[Frame]:
    """Yield the events of a connection; skips comments and retry hints."""
    fields: dict[str, str] = {}
    async for raw in response.content:
        name, _, value = raw.decode().rstrip("\n").partition(": ")
        if name:
            fields[name] = value
        elif "data" in fields:
            yield Frame(fields["event"], fields["id"], orjson.loads(fields["data"]))
            fields = {}
        else:
            fields = {}
