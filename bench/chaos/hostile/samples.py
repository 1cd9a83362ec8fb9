"""What the measuring processes write, one JSON object a line.

Times are of the monotonic clock in seconds, which all processes of a machine share.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import orjson

R = TypeVar("R", "Sample", "LoopRun", "Memory")


@dataclass(frozen=True, slots=True)
class Sample:
    """One request of the victim, or one gap in its stream; `problem` if it failed."""

    kind: str
    started_at: float
    seconds: float
    problem: str = ""

    @property
    def ended_at(self) -> float:
        return self.started_at + self.seconds


@dataclass(frozen=True, slots=True)
class LoopRun:
    """One run of the fixed loop, and the seconds that it had to wait for a processor."""

    started_at: float
    seconds: float
    lost: float

    def lost_within(self, start: float, end: float) -> float:
        overlap = min(end, self.started_at + self.seconds) - max(start, self.started_at)
        return self.lost * max(0.0, overlap) / self.seconds


@dataclass(frozen=True, slots=True)
class Memory:
    """The resident bytes of all processes of the server together."""

    at: float
    resident: int


class Writer:
    """Appends records to a file; each is in the file when `write` returns."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def write(self, record: Sample | LoopRun | Memory) -> None:
        self._file.write(orjson.dumps(asdict(record)) + b"\n")


def read(path: Path, kind: type[R]) -> Iterator[R]:
    """Yield the complete records of a file."""
    for line in path.read_bytes().splitlines(keepends=True):
        if line.endswith(b"\n"):
            yield kind(**orjson.loads(line))
