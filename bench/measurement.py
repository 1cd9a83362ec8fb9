"""What a measurement is: a name, what it runs on, what it finds, what is aimed at."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.lab import Lab

Figures = dict[str, float]


def cpu_figures(used: Mapping[str, float], tasks: int) -> Figures:
    """Of `Running.measured`, for each task: all of it, and by part."""
    parts = {part: seconds / tasks * 1000 for part, seconds in used.items()}
    return {
        "cpu_ms_per_task": sum(parts.values()),
        **{f"cpu_ms_per_task.{part}": value for part, value in parts.items()},
    }


@dataclass(frozen=True, slots=True)
class Effort:
    """How much of everything: 1.0 is what `make bench` does."""

    factor: float = 1.0

    def count(self, number: int) -> int:
        return max(1, round(number * self.factor))


@dataclass(frozen=True, slots=True)
class Aim:
    """A figure of a system that shall stay within a limit.

    The limit is a number, or so many times the same figure of another system.
    """

    system: str
    figure: str
    at_most: float = float("inf")
    at_least: float = 0.0
    times: str = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    name: str
    title: str
    systems: Sequence[str]
    run: Callable[[Lab, str, Effort], Figures]
    aims: Sequence[Aim] = ()
    # Figures that are compared with the first system's, and with the stored ratios.
    compared: Sequence[str] = ()
    plotted: Sequence[str] = ()
