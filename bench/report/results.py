"""The figures of all rounds: medians, ratios and aims."""

import json
import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from bench.measurement import Aim, Figures, Measurement

# A ratio that changed by more than this fraction is reported.
NOTABLE = 0.25

Medians = Mapping[str, Figures]


@dataclass(slots=True)
class Results:
    """Figures of each round, by measurement and system."""

    rounds: dict[str, dict[str, list[Figures]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def add(self, measurement: str, system: str, figures: Figures) -> None:
        self.rounds[measurement][system].append(figures)

    def medians(self, measurement: str) -> Medians:
        return {
            system: {
                name: statistics.median(figures[name] for figures in rounds)
                for name in rounds[0]
            }
            for system, rounds in self.rounds.get(measurement, {}).items()
        }

    def save(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(self.rounds, indent=1))

    @classmethod
    def read(cls, *files: Path) -> Self:
        """Merge several runs: a later one replaces the measurements that it has."""
        results = cls()
        for file in files:
            results.rounds.update(json.loads(file.read_text()))
        return results


def ratios(measurement: Measurement, medians: Medians) -> dict[str, float]:
    """The ratio of each compared figure to the first system's, by name."""
    base = medians.get(measurement.systems[0], {})
    return {
        f"{measurement.name} {system} {name}": figures[name] / base[name]
        for system, figures in medians.items()
        for name in measurement.compared
        if system != measurement.systems[0] and base.get(name) and name in figures
    }


def moved(old: Mapping[str, float], new: Mapping[str, float]) -> Iterator[str]:
    """Yield a line for each ratio that differs notably from the stored one."""
    for name in sorted(old.keys() & new.keys()):
        change = new[name] / old[name] - 1
        if abs(change) > NOTABLE:
            yield f"{name}: {old[name]:.3g} -> {new[name]:.3g} ({change:+.0%})"


def limit(aim: Aim, medians: Medians) -> tuple[float, float]:
    """The minimum and the maximum of the figure."""
    unit = medians[aim.times][aim.figure] if aim.times else 1.0
    return aim.at_least * unit, aim.at_most * unit


def is_met(aim: Aim, medians: Medians) -> bool | None:
    """Whether the aim is met; None if it was not measured."""
    wanted = {aim.system, aim.times} - {""}
    if not wanted <= medians.keys():
        return None
    least, most = limit(aim, medians)
    return least <= medians[aim.system][aim.figure] <= most
