"""Writes the figures into docs/performance.md and its pages; the text stays."""

import re
from pathlib import Path

from bench.measurement import Measurement
from bench.processes import ROOT
from bench.report.plots import bars
from bench.report.results import Medians
from bench.report.tables import aims, table

PAGE = ROOT / "docs/performance.md"
PLOTS = ROOT / "docs/performance"
LONG_HISTORIES = PLOTS / "long-histories.md"


def section(measurement: Measurement, medians: Medians) -> str:
    """The text between the markers of a measurement."""
    lines = [table(measurement, medians), "", aims(measurement, medians)]
    plots = [
        f"![{measurement.name}, {figure}]({PLOTS.name}/{_file(measurement, figure)})"
        for figure in measurement.plotted
    ]
    return "\n".join([*lines, "", *plots]).strip()


def write(measurement: Measurement, medians: Medians) -> None:
    """Write a measurement's figures into the page, and its plots next to it."""
    PLOTS.mkdir(exist_ok=True)
    for figure in measurement.plotted:
        title = f"{measurement.name}, {measurement.title}"
        plot = bars(title, figure, medians)
        (PLOTS / _file(measurement, figure)).write_text(plot)
    replace(measurement.name, section(measurement, medians))


def replace(name: str, text: str, page: Path = PAGE) -> None:
    """Replace the text between `<!-- name -->` and `<!-- /name -->`."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    pattern = f"{re.escape(begin)}.*?{re.escape(end)}"
    written, count = re.subn(
        pattern,
        lambda _: f"{begin}\n\n{text}\n\n{end}",
        page.read_text(),
        flags=re.DOTALL,
    )
    assert count == 1, f"{page} has no markers for {name}"
    page.write_text(written)


def _file(measurement: Measurement, figure: str) -> str:
    return f"{measurement.name.lower()}-{figure.replace('_', '-')}.svg"
