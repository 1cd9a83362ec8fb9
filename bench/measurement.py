"""The definition of a measurement: its systems, its figures and its aims."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.lab import Lab

Figures = dict[str, float]


def cpu_figures(used: Mapping[str, float], tasks: int) -> Figures:
    """CPU milliseconds per task, in total and by part, from `RunningSystem.measured`."""
    parts = {part: seconds / tasks * 1000 for part, seconds in used.items()}
    return {
        "cpu_ms_per_task": sum(parts.values()),
        **{f"cpu_ms_per_task.{part}": value for part, value in parts.items()},
    }


@dataclass(frozen=True, slots=True)
class Effort:
    """A factor for the number of tasks; `make bench` uses 1.0."""

    factor: float = 1.0

    def count(self, number: int) -> int:
        return max(1, round(number * self.factor))


@dataclass(frozen=True, slots=True)
class Aim:
    """A limit for a figure of a system.

    The limit is absolute or, if `times` names another system, a multiple of that
    system's figure.
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
    # Figures whose ratio to the first system's is compared with the stored one.
    compared: Sequence[str] = ()
    plotted: Sequence[str] = ()
