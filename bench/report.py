"""Medians of the rounds, as tables."""

import statistics
from collections import defaultdict
from dataclasses import dataclass, field

from bench.measurement import Figures, Measurement


@dataclass(slots=True)
class Results:
    """Figures of each round, by measurement and system."""

    rounds: dict[str, dict[str, list[Figures]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def add(self, measurement: str, system: str, figures: Figures) -> None:
        self.rounds[measurement][system].append(figures)

    def medians(self, measurement: str) -> dict[str, Figures]:
        return {
            system: {
                name: statistics.median(figures[name] for figures in rounds)
                for name in rounds[0]
            }
            for system, rounds in self.rounds[measurement].items()
        }


def table(measurement: Measurement, results: Results) -> str:
    """As Markdown: a row for each figure, with its ratio to the first system's."""
    medians = results.medians(measurement.name)
    names = list(dict.fromkeys(name for found in medians.values() for name in found))
    base = next(iter(medians.values()), {})
    lines = [
        f"### {measurement.name}: {measurement.title}\n",
        f"| | {' | '.join(medians)} |",
        f"|---{'|---:' * len(medians)}|",
    ]
    for name in names:
        cells = [_cell(found.get(name), base.get(name)) for found in medians.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _cell(value: float | None, base: float | None) -> str:
    if value is None:
        return ""
    ratio = f" ({value / base:.2f} x)" if base and value != base else ""
    return f"{value:.3g}{ratio}" if value < 100 else f"{value:.0f}{ratio}"
