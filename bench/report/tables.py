"""Medians and aims as Markdown."""

from bench.measurement import Aim, Measurement
from bench.report.results import Medians, is_met, limit


def table(measurement: Measurement, medians: Medians) -> str:
    """A row per figure, with the ratio to the first system's in parentheses."""
    names = list(dict.fromkeys(name for found in medians.values() for name in found))
    base = medians.get(measurement.systems[0], {})
    lines = [
        f"| | {' | '.join(medians)} |",
        f"|---{'|---:' * len(medians)}|",
    ]
    for name in names:
        cells = [
            _cell(found.get(name), None if found is base else base.get(name))
            for found in medians.values()
        ]
        lines.append(f"| {readable(name)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def aims(measurement: Measurement, medians: Medians) -> str:
    """A row per aim, with the measured figure."""
    lines = ["| aim | measured | |", "|---|---:|---|"]
    for aim in measurement.aims:
        met = is_met(aim, medians)
        if met is not None:
            value = number(medians[aim.system][aim.figure])
            verdict = "met" if met else "**not met**"
            lines.append(f"| {_sentence(aim, medians)} | {value} | {verdict} |")
    return "\n".join(lines) if len(lines) > 2 else ""


def _sentence(aim: Aim, medians: Medians) -> str:
    least, most = limit(aim, medians)
    factor = aim.at_least or aim.at_most
    times = f" ({factor:g} x {aim.times})" if aim.times else ""
    bound = f"at least {number(least)}" if aim.at_least else f"at most {number(most)}"
    return f"{aim.system}: {readable(aim.figure)} {bound}{times}"


def readable(name: str) -> str:
    return name.replace("_", " ").replace(".", ", ")


def number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _cell(value: float | None, base: float | None) -> str:
    if value is None:
        return ""
    return f"{number(value)} ({number(value / base)} x)" if base else number(value)
